/** The words of what hosts see, in English. */

export const hostText = {
  title: "You are host",
  lock: "Lock the call",
  lockHint: "Whoever comes now waits until a host lets them in.",
  waiting: (count: number) => (count === 1 ? "1 person waits" : `${count} people wait`),
  waitingHint: "They have the link. Anybody can take any name: look at the marks.",
  unfit: "A program that cannot be let in",
  admit: "Let in",
  admitAll: "Let all in",
  refuse: "Turn away",
  barred: "Removed",
  nobody: "Somebody",
  letBack: "Let back in",
  mute: "Mute",
  remove: "Remove",
  removeTitle: (name: string) => `Remove ${name}?`,
  removeExplain:
    "They leave the call now and cannot come back with this device, unless a host lets them. Someone with the link can come with another device: to keep them out for good, lock the call or make a new one.",
  keep: "Cancel",
  ofPerson: (action: string, name: string) => `${action}: ${name}`,
  endTitle: "End the call for everyone?",
  endExplain: "Everybody leaves at once. Whoever opens the link later begins a new call.",
  end: "End call",
  leaveTitle: "Leave the call locked?",
  leaveExplain:
    "You are the only host here. While the call is locked and no host is in it, nobody can be let in, and whoever loses the connection for long cannot come back.",
  unlockAndLeave: "Unlock and leave",
  leaveLocked: "Leave it locked",
  unlocking: "Unlocking…",
  linkTitle: "Make somebody host",
  linkExplain:
    "Whoever has this other link can do all that you can: lock the call, remove people, you too, and end it. That cannot be taken back.",
  copyLink: "Copy host link",
  copied: "Host link copied. Send it only to whom you trust with all of that.",
};
