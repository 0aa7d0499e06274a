/** Every text of the page, in English. A language is another file with the same names. */
import type { Background } from "../effects/effects.js";
import type { DeviceKind, DeviceProblem } from "../call/devices.js";
import type { MediaMode } from "../call/media-mode.js";
import type { QualityReason } from "../call/quality.js";
import type { Unsupported } from "../call/support.js";
import type { Warning } from "../call/trust.js";
import type { EmojiFailure } from "../generated/EmojiFailure.js";
import type { EmojiPerson } from "../generated/EmojiPerson.js";
import type { Unreadable } from "../call/view.js";
import type { Failure } from "../worker/messages.js";
import type { Shortcut } from "./shortcuts.js";

const BROWSERS = "Chrome or Edge 141, Firefox 130, Safari 17, or anything newer";

const date = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const list = new Intl.ListFormat("en");

function names(people: readonly EmojiPerson[]): string {
  return list.format(people.map(({ name, own }) => (own ? "you" : name)));
}

export const text = {
  product: "Tangelo",
  language: "Language",
  close: "Close",
  partMissing:
    "A part of this page could not be loaded: your connection may be down, or the server has a new version. Try again; if that does not help, reload the page and join again.",
  title: (room: string) => `${room} · Tangelo`,
  titlePrivate: "Private call · Tangelo",

  landing: {
    title: "Talk freely.",
    sentence:
      "Video calls that only the people in them can see and hear. Not the server, not its owner, not the network.",
    newCall: "New call",
    newCallHint: "Makes a private link. Whoever has it can join.",
    making: "Making a link…",
    or: "or join one",
    field: "Link or room name",
    placeholder: "Paste a link, or type a name",
    join: "Join",
    namedHint:
      "A room with a name is open to everyone who guesses the name: its link does not protect it. For private calls use “New call”.",
    otherHost: (host: string) =>
      `This link belongs to ${host}. Open it in your browser's address bar.`,
    bad: "This is neither a Tangelo link nor a room name. A name has up to 40 letters a to z, digits and hyphens.",
    notForAll: {
      token:
        "This server is for people who were invited: open the link that you were sent, as it is.",
      creators:
        "On this server only some people can begin a call. If you are invited to one, open its link. If you are one of them, open the link that you were given for that.",
    },
    failed: "No link could be made. Check your connection, reload the page, and try again.",
    points: ["End-to-end encrypted", "No account", "Host it yourself"],
  },

  recent: {
    title: "Recent rooms",
    secret: "Private call",
    hint: "Kept on this device only. Their links open these rooms, so remove them here if others use this device.",
    forget: (label: string) => `Remove ${label}`,
    forgetTip: "Remove",
  },

  lobby: {
    title: "Ready to join?",
    titleNamed: (room: string) => `Join “${room}”`,
    name: "Your name",
    namePlaceholder: "How others will see you",
    nameMissing: "Please enter your name, so that the others know who you are.",
    join: "Join call",
    secretRoom: "Private room: only people with this link can join, and only they can hear you.",
    namedRoom:
      "This room's link does not protect it: anyone who knows or guesses the name can join, and the server sees your name. What is said is still encrypted.",
    noDevices: "You can join without a microphone and a camera, to watch and listen.",
    asking:
      "Your browser asks whether Tangelo may use your microphone and camera. Please allow it.",
    cameraOff: "Camera is off",
    selfView: "Your camera",
    level: "Level of your microphone",
    present: (count: number) =>
      count === 0
        ? "Nobody is here yet."
        : count === 1
          ? "1 person is here."
          : `${count} people are here.`,
    tokenNeeded:
      "This call takes an invitation of your own, and there is none in your link. Ask whoever invited you for another.",
    notBegun:
      "On this server only some people can begin a call. You can join as soon as one of them is here.",
    unreachable: "The server does not answer at the moment. Check your network.",
    offline: "This device is offline. Connect it to a network to join.",
    noChoice: "None found",
    defaultChoice: "Default",
    unnamed: (kind: string, number: number) => `${kind} ${number}`,
    chooseSpeaker: "Choose a speaker…",
  },

  device: { microphone: "Microphone", camera: "Camera", speaker: "Speaker" } satisfies Record<
    DeviceKind | "speaker",
    string
  >,

  call: {
    people: (count: number) => (count === 1 ? "1 person" : `${count} people`),
    grid: "People in the call",
    toolbar: "Call controls",
    title: (room: string | undefined) =>
      room === undefined ? "Private call" : `Call in “${room}”`,
    locked: "Locked",
    waiting: (count: number) => (count === 1 ? "1 waits" : `${count} wait`),
    you: "You",
    ownLabel: (name: string) => `${name} (You)`,
    copied: "Link copied. Send it to the people you want to talk to.",
    copyByHand: "Copy this link:",
    verify: "Verify",
    leave: "Leave call",
    mutedHint: (keys: boolean): string =>
      keys ? "You are muted. Press M, or hold the space bar while you talk." : "You are muted.",
    startedMuted: (keys: boolean) =>
      `Many people are here, so your microphone starts muted. ${keys ? "Press M" : "Turn it on"} when you want to talk.`,
    unmute: "Turn on sound",
    soundBlocked: "Your browser holds back the sound of this page.",
    status: {
      connecting: "Connecting…",
      waiting: "Waiting to be let in…",
      outside:
        "A host has locked this call. Wait until a host lets you in… If no host is there, nobody can: ask somebody who has the host link to come.",
      reconnecting: "Connection lost. Reconnecting…",
      media: "Setting up sound and picture…",
      mediaFailed:
        "Sound and picture do not get through. The network may block them; trying again…",
      mediaRefused:
        "The server does not agree to pass on sound and picture; trying again… If this stays, leave and join again, and tell whoever hosts this server.",
      unreachable:
        "The server cannot be reached; trying again… Check your network. If you host it: a proxy in front must pass WebSockets and the Host header.",
      notBack:
        "You are still not back in the call; trying again… Check your network. If this stays, leave and join again.",
      unanswered:
        "Nobody in the call has let you in yet: they may be away, or losing their connection. Stay here, or leave and try again.",
      alone: "You are the only one here. Press “Invite” and send someone the link.",
      offline: "This device is offline. The call goes on as soon as it has a network again.",
    },
  },

  verify: {
    title: "Is it really them?",
    explain:
      "Compare these numbers with the others, best by reading them aloud. If all of you see the same, exactly the people listed here are in the call, and nobody in between.",
    differ: "If a number differs, do not say anything private: leave, and share a new link.",
    none: "There is no number yet. It appears once you are in the call.",
    noneNow:
      "There is no number at the moment: the connection was lost and is being made anew. Say nothing private until it is back, and compare it again then.",
    qr: "Show as a QR code",
    qrLabel: "QR code of the safety number",
    qrHint:
      "For people in the same room: scan it with another device's camera, and compare the text that appears with the number on that device.",
    people: "In this call",
    markHint:
      "If you are sure of somebody, mark them as verified. The mark belongs to their device, stays on yours, and is there in the next call.",
    markHintShort:
      "If you are sure of somebody, mark them as verified. This browser window keeps nothing, so the mark is gone when you leave.",
    mark: "Mark as verified",
    unmark: "Take back mark",
    ofPerson: (action: string, name: string) => `${action}: ${name}`,
    differs:
      "You said that somebody sees another number. Say nothing private: leave, and share a new link in another way.",
    sayDiffers: "A number differs",
    agreesAfterAll: "It was the same after all",
  },

  emoji: {
    title: "Or compare emoji",
    explain:
      "Quicker to read aloud than 60 digits. Everyone in the call gets the same six, made for this moment.",
    alone: "There is nobody to compare with yet.",
    start: "Compare emoji",
    again: "Compare emoji again",
    cancel: "Cancel",
    started: (name: string) => `${name} compares emoji. Press “Verify” to see yours.`,
    asking: "Asking the others…",
    running: ({ name, own }: EmojiPerson) =>
      own ? "Waiting for everyone…" : `${name} compares emoji. Waiting for everyone…`,
    done: ({ name, own }: EmojiPerson) =>
      `${own ? "You started this." : `${name} started this.`} Read them aloud: if everyone has the same six in the same order, nobody is in between. If not, say nothing private and leave.`,
    step: { silent: "not yet", committed: "ready", revealed: "done" },
    failure(reason: EmojiFailure): string {
      switch (reason.type) {
        case "not_sent":
          return "No emoji: your request did not reach the others. Check your connection and try again.";
        case "missing":
          return `No emoji: no answer in time from ${names(reason.people)}. Try again; if it happens again, ask them to leave and rejoin.`;
        case "cancelled":
          return `No emoji: ${reason.by.own ? "you" : reason.by.name} cancelled, or did not hear from everyone in time. Try again.`;
        case "broken":
          return `No emoji: ${names([reason.by])} did not keep to the rules of the comparison. That is a fault in their app, or an attempt to deceive. Compare the 60 digits instead, and say nothing private until they agree.`;
        case "people_changed": {
          const changes = [
            ...(reason.joined.length > 0 ? [`${names(reason.joined)} joined`] : []),
            ...(reason.left.length > 0 ? [`${names(reason.left)} left`] : []),
          ];
          return `No emoji: ${changes.join(" and ")} meanwhile. Compare again with those who are here now.`;
        }
        case "reconnected":
          return "No emoji: your connection was lost meanwhile. Compare again when you are back.";
      }
    },
    /** What to say for the emoji at this place of the list; nothing for the core's own word. */
    word: (_place: number): string | undefined => undefined,
  },

  lock: {
    none: "Nothing is sent yet: the keys are still being made.",
    alarm: "Something interfered with this call. Read the warning.",
    differs: "The number differs: somebody may be in between. Say nothing private.",
    emoji: "The comparison of emoji was not honest. Compare the number.",
    /** `why`: one of `quality.unreadable`. */
    unreadable: (names: readonly string[], why: string) =>
      `${list.format(names)} cannot be understood here. ${why}`,
    whyOnTiles: "Each of their tiles says why.",
    others: (count: number) => `${count} others`,
    doubt: (names: readonly string[]) =>
      `Be careful: ${list.format(names)} may not hear what you hear.`,
    caution: (names: readonly string[]) =>
      `Encrypted. Check who ${list.format(names)} ${names.length === 1 ? "is" : "are"}.`,
    open: "Encrypted, but the link does not protect this room: anyone can join.",
    verified: "Encrypted, and you have verified everyone here.",
    protected: "Encrypted: only people with this link can be here.",
  },

  quality: {
    other: {
      loss: "Bad connection: parts of what they send are lost on the way.",
      frozen: "The picture stands still: too little of it arrives.",
      nothing: "Nothing arrives from them at the moment.",
      room: "Your connection has no room for their picture: it comes back as soon as there is more.",
      delay: "Slow connection: what they say arrives late.",
    } satisfies Record<QualityReason, string>,
    own: {
      loss: "Your connection is bad: parts of what you send are lost.",
      frozen: "Your picture stands still: your camera gives no new one.",
      nothing: "Nothing of what you send gets out at the moment.",
      room: "Your connection has no room for your picture.",
      delay: "Your connection is slow: others hear you late.",
    } satisfies Record<QualityReason, string>,
    unreadable: {
      no_receiver: "Cannot be decrypted: they are not in the group any more.",
      malformed: "Cannot be decrypted: what arrives is damaged.",
      no_key: "Cannot be decrypted: their keys are not here yet.",
      wrong_sender: "Not shown: it was encrypted by somebody else.",
      wrong_source: "Not shown: it claims to be something else than it is.",
      forged: "Cannot be decrypted: it was damaged or forged on the way.",
      replayed: "Not shown: it is a recording of what was sent before.",
      hold_full: "Cannot be decrypted: too much came before its keys did.",
    } satisfies Record<Unreadable, string>,
  },

  stage: {
    pages: "Pages of people",
    previous: "Previous page",
    next: "Next page",
    page: (page: number, of: number) => `${page} / ${of}`,
    large: "Shown large",
    fullScreen: "Full screen",
    noFullScreen: "The browser does not allow full screen here.",
    speakerView: "Speaker view",
    gridView: "Grid view",
    pictureInPicture: "Picture in picture",
    noPicture: "There is no picture of anybody else to show.",
  },

  tile: {
    muted: "muted",
    hand: "hand raised",
    recording: "recording",
    lost: "reconnecting…",
    pin: (name: string) => `Show ${name} large`,
    unpin: (name: string) => `Show ${name} no longer large`,
    pinTip: "Show large",
    unpinTip: "No longer large",
  },

  share: {
    start: "Share screen",
    stop: "Stop sharing",
    own: "You are sharing this",
    of: (name: string) => `Screen of ${name}`,
    fullScreen: (name: string) => `Screen of ${name} in full screen`,
    problem: {
      unavailable: "This browser cannot share a screen.",
      failed:
        "The screen could not be shared. Look whether the system allows it to the browser, and try again.",
    },
  },

  chat: {
    title: "Chat",
    empty:
      "Nothing was written yet. Only the people in the call can read what you write, and nothing is kept.",
    messages: "Messages",
    field: "Message to everyone",
    placeholder: "Write to everyone",
    send: "Send",
    unread: (count: number) => (count === 1 ? "1 new message" : `${count} new messages`),
    copy: (name: string) => `Copy message of ${name}`,
    copyTip: "Copy",
    copied: "Message copied.",
  },

  people: {
    open: "People",
    title: (count: number) => (count === 1 ? "1 person" : `${count} people`),
    invite: "Invite",
    verify: "Verify",
    hands: "Raised hands",
    others: "Everyone else",
    place: (place: number) => `Hand raised, number ${place} in line`,
    cameraOff: "camera off",
    recording: "Records this call",
    host: "Host",
    endForAll: "End call for everyone",
  },

  hand: { raise: "Raise hand", lower: "Lower hand" },

  reaction: {
    open: "React",
    names: [
      "Thumbs up",
      "Heart",
      "Laughing",
      "Surprised",
      "Applause",
      "Celebrate",
      "Thank you",
      "Thumbs down",
    ],
  },

  invite: {
    open: "Invite",
    title: "Invite people",
    secret:
      "Whoever has this link can join and listen. Send it only to those whom you want here, in a way that you trust.",
    tokenNeeded:
      "Send this link only to those whom you want here. On this server each of them needs an invitation of their own as well: this link alone lets nobody in, and yours is not in it. Who runs the server, or invited you, makes invitations.",
    named: "Anyone who knows or guesses this name can join. For something private make a new call.",
    copy: "Copy link",
    share: "Share…",
    qrLabel: "QR code of the link",
    qrHint: "To join with a phone, scan this with its camera.",
  },

  more: { open: "More" },

  settings: {
    title: "Settings",
    devices: "Devices",
    network: "Use of the network",
    view: "View and sound",
    hideSelf: "Hide my own picture",
    sounds: "Sounds when people come and leave",
  },

  mode: {
    full: { name: "Everything", hint: "Pictures of everyone." },
    saver: {
      name: "Save data",
      hint: "A small picture of you; of the others only the one who is shown large.",
    },
    audio: { name: "Sound only", hint: "No cameras at all. Shared screens are still shown." },
  } satisfies Record<MediaMode, { name: string; hint: string }>,

  help: {
    title: "Keyboard shortcuts",
    names: {
      microphone: "Microphone on or off",
      talk: "Talk while held, if muted",
      camera: "Camera on or off",
      share: "Share screen",
      hand: "Raise or lower hand",
      chat: "Chat",
      people: "People",
      layout: "Grid or speaker view",
      fullScreen: "Full screen",
      verify: "Verify",
      inspector: "Inspector",
      help: "This help",
    } satisfies Record<Shortcut, string>,
    space: "Space",
    on: "Use these keys",
    hint: "They do nothing while you write.",
  },

  news: {
    joined: (names: readonly string[]) => `${list.format(names)} joined.`,
    left: (names: readonly string[]) => `${list.format(names)} left.`,
  },

  announce: {
    message: (name: string, words: string) => `${name} wrote: ${words}`,
    reaction: (name: string, what: string) => `${name}: ${what}`,
    hand: (name: string) => `${name} raised a hand.`,
    waits: (name: string) => `${name} waits to be let in.`,
    recording: (name: string) => `${name} records this call.`,
    locked: "The call is locked: whoever comes now waits until a host lets them in.",
    unlocked: "The call is unlocked: everyone with the link can come in.",
  },

  lastTime: {
    title: "Since last time",
    same: (at: number) => `The same devices as on ${date.format(at)}.`,
    changed: (at: number, added: readonly string[], missing: readonly string[]) =>
      [
        `Compared with ${date.format(at)}:`,
        ...(added.length > 0 ? [`New: ${list.format(added)}.`] : []),
        ...(missing.length > 0 ? [`Not here: ${list.format(missing)}.`] : []),
      ].join(" "),
  },

  scan: {
    start: "Scan another person's QR code",
    stop: "Stop scanning",
    view: "Camera for scanning",
    looking: "Hold the other device's QR code before the camera.",
    agrees: "The same number: exactly the people listed here are in the call.",
    differs:
      "Another number! Say nothing private: somebody may be in between. If people have just come or left, scan once more.",
    foreign: "This is a QR code, but not of a safety number.",
    noCamera: "The camera could not be used. Read the number aloud instead.",
    cameraGone:
      "The camera was unplugged or taken away. Scan again with another, or read the number aloud instead.",
  },

  alarm: { seen: "I have seen this" },

  doubt: {
    silent: "not heard from for a while",
    elsewhere: "sees another call than you",
    explain: {
      silent:
        "Not heard from for a while: a bad connection, or the server keeps back what they send. If it stays like this, compare the number with them before you say anything private.",
      elsewhere:
        "Sees another call than you: somebody may have split it, perhaps the server. Say nothing private until this is gone and you have compared the number with them.",
    },
  },

  trust: {
    mark: {
      own: "You",
      own_key: "Your device",
      unconfirmed: "Unconfirmed",
      verified: "Verified",
      seen: "Seen before",
      new: "New",
      warning: "Check who this is",
    },
    tileLabel: (name: string, mark: string) => `${name}, ${mark.toLowerCase()}`,
    own: "You.",
    own_key: "Your own device, in another tab or window.",
    unconfirmed:
      "Has not shown yet that its key is really here. That takes some seconds. If it stays like this, it may be a recording: say nothing private to it.",
    new: "Never met on this device before.",
    verified: (name: string, at: number) => `You verified “${name}” on ${date.format(at)}.`,
    seen: (first: number) => `In a call with this device first on ${date.format(first)}.`,
    warning(name: string, warning: Warning): string {
      switch (warning.type) {
        case "other_key_before": {
          const before = warning.verified
            ? `You verified “${warning.name}” with another key than this one.`
            : `“${warning.name}” came with another key before, first on ${date.format(warning.first)}.`;
          return `${before} This may be a new device, another person of that name, or somebody who pretends. Look and listen whether it is really ${name}, and compare the number before you say anything private. If you are sure, mark this device as verified.`;
        }
        case "same_name_now":
          return warning.verified
            ? `Two people in this call are called “${name}”, with different keys. The other one is verified. Ask this one who they are before you say anything private.`
            : `Two people in this call are called “${name}”, with different keys. Ask each of them who they are, and tell them apart by voice and face.`;
        case "renamed":
          return `You verified this device as “${warning.before}”, and now it calls itself “${name}”. Ask why. If you are sure who it is, mark it again.`;
      }
    },
  },

  forget: {
    open: "Forget this device's identity",
    title: "Forget this device's identity?",
    explain:
      "Others know you by a key that this browser keeps; there is no account behind it. If you forget it, your next call makes a new key.",
    effects: [
      "Others will see you as a new device, and may be warned that your name came with another key before.",
      "Marks that others gave you no longer count. They have to verify you again.",
      "Your marks for others stay, unless you forget them too.",
      "Calls that you are in now go on with the old key, in every tab, until you leave them.",
    ],
    people: "Forget the people I have met too, with my marks for them",
    confirm: "Forget identity",
    keep: "Keep it",
    done: "Forgotten. Your next call begins with a new identity.",
    failed:
      "The browser did not let go of it. Close the other tabs with Tangelo and try again, or delete this site's data in the browser's settings.",
    close: "Close",
  },

  over: {
    left: "You left the call",
    leftHint: "Your microphone and camera are off.",
    ended: "The call has ended for you",
    refused: "You cannot join like this",
    failed: "Something went wrong",
    failure: {
      crashed:
        "The part of this page that holds the keys has stopped, so the call was ended and nothing more is sent. Your microphone and camera are off.",
      not_loaded:
        "A part of this page could not be loaded: the server may have a new version, or your connection is down. Reload the page and try again.",
    } satisfies Record<Exclude<Failure, "refused">, string>,
    rejoin: "Rejoin",
    reload: "Reload the page",
    home: "Home",
  },

  broken: {
    secretMissing: "This link is not complete",
    secretMissingHint:
      "The part after the # is missing. It is the key to this room, and without it nobody gets in. Ask for the whole link again, and copy all of it.",
    badRoom: "There is no such room",
    badRoomHint:
      "The link is cut or mistyped. Ask for it again, or make a new call from the start page.",
    unknown: "There is nothing here",
    unknownHint: "The address does not belong to a room.",
  },

  unsupported: {
    insecure:
      "This page was not opened over a secure connection, so the browser gives it neither camera nor keys. Open it with https:// in front.",
    no_webrtc: `This browser cannot make video calls. Please use ${BROWSERS}.`,
    no_encoded_transforms: `This browser cannot encrypt calls end to end (it has no encoded transforms), and Tangelo sends nothing unencrypted. Please use ${BROWSERS}.`,
  } satisfies Record<Unsupported, string>,

  devicePlugged: (kind: DeviceKind, name: string, first: boolean) =>
    first
      ? `${name || `A ${kind}`} was plugged in. Turn your ${kind} on to use it.`
      : `${name} was plugged in. To use it as ${kind}, choose it in the settings.`,
  deviceReplaced: (kind: DeviceKind) => `Your ${kind} was pulled out. Another one is used now.`,
  speakerLost: "Your speaker was pulled out. The default is used now.",

  deviceProblem(kind: DeviceKind, problem: DeviceProblem): string {
    const device = kind === "microphone" ? "microphone" : "camera";
    switch (problem) {
      case "denied":
        return `Tangelo may not use your ${device}. Allow it in the browser's address bar or settings, then turn it on here.`;
      case "missing":
        return `No ${device} was found. Plug one in, then turn it on here.`;
      case "busy":
        return `Your ${device} does not respond. Another program may be using it: close that, then turn it on here.`;
      case "insecure":
        return `The browser gives no ${device} to a page without a secure connection. Open it with https:// in front.`;
      case "unplugged":
        return `Your ${device} was unplugged or taken away. Choose another, or turn it on again.`;
      case "failed":
        return `Your ${device} could not be started. Turn it on to try again.`;
      case "effect":
        return kind === "microphone"
          ? "Noise suppression could not be used. Your microphone works without it."
          : "Your background could not be covered, so your camera is off. Turn it on to try again, or choose no effect.";
    }
  },

  /** A sentence of the core, which says it in English. */
  fromCore: (words: string): string => words,
  /** Has `fromCore` and `emoji.word` speak this language, from joining on. */
  loadCore: (): Promise<void> => Promise.resolve(),

  inspector: { title: "Inspector" },

  effects: {
    title: "Effects",
    noise: "Noise suppression",
    noiseHint: "Takes fans, traffic, and typing out of your sound.",
    background: "Background",
    backgrounds: {
      none: "None",
      blur: "Blur",
      dawn: "Dawn",
      grove: "Grove",
      dusk: "Dusk",
      own: "Your image",
    } satisfies Record<Background, string>,
    choose: "Choose an image…",
    chooseOther: "Choose another image…",
    noImage: "This file cannot be shown as an image. Choose another one, such as a photo.",
    starting: "Starting…",
    onDevice: "Computed on this device: nothing is sent anywhere for it.",
    unavailable: "This browser cannot do all of the effects.",
    without: "Use the camera without an effect",
  },
};
