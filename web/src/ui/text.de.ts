/** Every text of the page, in German. */
import type { EmojiPerson } from "../generated/EmojiPerson.js";
import type { Texts } from "./text.js";

const BROWSERS = "Chrome oder Edge 141, Firefox 130, Safari 17 oder etwas Neueres";

const date = new Intl.DateTimeFormat("de", { dateStyle: "medium" });
const list = new Intl.ListFormat("de");

function names(people: readonly EmojiPerson[]): string {
  return list.format(people.map(({ name, own }) => (own ? "dir" : name)));
}

/** What the core says, once it is loaded. */
let core: typeof import("./core.de.js") | undefined;

export const text: Texts = {
  product: "Tangelo",
  language: "Sprache",
  close: "Schließen",
  partMissing:
    "Ein Teil dieser Seite konnte nicht geladen werden: Vielleicht ist die Verbindung weg, oder der Server hat eine neue Version. Versuch es noch einmal; wenn das nicht hilft, lade die Seite neu und nimm wieder teil.",
  title: room => `${room} · Tangelo`,
  titlePrivate: "Privates Gespräch · Tangelo",

  landing: {
    title: "Sprich frei.",
    sentence:
      "Videogespräche, die nur die Menschen darin sehen und hören. Nicht der Server, nicht sein Betreiber, nicht das Netz.",
    newCall: "Neues Gespräch",
    newCallHint: "Erstellt einen privaten Link. Wer ihn hat, kann teilnehmen.",
    making: "Link wird erstellt…",
    or: "oder teilnehmen",
    field: "Link oder Raumname",
    placeholder: "Link einfügen oder Namen eingeben",
    join: "Teilnehmen",
    namedHint:
      "Ein Raum mit einem Namen steht allen offen, die den Namen erraten: Sein Link schützt ihn nicht. Für private Gespräche nimm „Neues Gespräch“.",
    otherHost: host => `Dieser Link gehört zu ${host}. Öffne ihn in der Adresszeile des Browsers.`,
    bad: "Das ist weder ein Tangelo-Link noch ein Raumname. Ein Name hat bis zu 40 Buchstaben von a bis z, Ziffern und Bindestriche.",
    notForAll: {
      token:
        "Dieser Server ist für Eingeladene: Öffne den Link, den du bekommen hast, so wie er ist.",
      creators:
        "Auf diesem Server können nur manche ein Gespräch beginnen. Bist du zu einem eingeladen, öffne seinen Link. Gehörst du zu ihnen, öffne den Link, den du dafür bekommen hast.",
    },
    failed:
      "Es konnte kein Link erstellt werden. Prüfe deine Verbindung, lade die Seite neu und versuch es noch einmal.",
    points: ["Ende-zu-Ende-verschlüsselt", "Kein Konto", "Selbst betreibbar"],
  },

  recent: {
    title: "Letzte Räume",
    secret: "Privates Gespräch",
    hint: "Nur auf diesem Gerät gespeichert. Die Links öffnen diese Räume; entferne sie hier, wenn andere dieses Gerät benutzen.",
    forget: label => `${label} entfernen`,
    forgetTip: "Entfernen",
  },

  lobby: {
    title: "Bereit?",
    titleNamed: room => `An „${room}“ teilnehmen`,
    name: "Dein Name",
    namePlaceholder: "So sehen dich die anderen",
    nameMissing: "Bitte gib deinen Namen ein, damit die anderen wissen, wer du bist.",
    join: "Teilnehmen",
    secretRoom:
      "Privater Raum: Nur wer diesen Link hat, kann teilnehmen, und nur diese Menschen können dich hören.",
    namedRoom:
      "Der Link dieses Raums schützt ihn nicht: Wer den Namen kennt oder errät, kann teilnehmen, und der Server sieht deinen Namen. Was gesprochen wird, ist trotzdem verschlüsselt.",
    noDevices: "Du kannst ohne Mikrofon und Kamera teilnehmen, um zuzusehen und zuzuhören.",
    asking: "Dein Browser fragt, ob Tangelo Mikrofon und Kamera benutzen darf. Bitte erlaube es.",
    cameraOff: "Kamera ist aus",
    selfView: "Deine Kamera",
    level: "Pegel deines Mikrofons",
    present: count =>
      count === 0
        ? "Noch ist niemand hier."
        : count === 1
          ? "1 Person ist hier."
          : `${count} Personen sind hier.`,
    tokenNeeded:
      "Für dieses Gespräch brauchst du eine eigene Einladung, und in deinem Link ist keine. Bitte um einen anderen, wer dich eingeladen hat.",
    notBegun:
      "Auf diesem Server können nur manche ein Gespräch beginnen. Teilnehmen kannst du, sobald eine solche Person hier ist.",
    unreachable: "Der Server antwortet gerade nicht. Prüfe dein Netz.",
    offline: "Dieses Gerät ist offline. Verbinde es mit einem Netz, um teilzunehmen.",
    noChoice: "Nicht gefunden",
    defaultChoice: "Standard",
    unnamed: (kind, number) => `${kind} ${number}`,
    chooseSpeaker: "Lautsprecher wählen…",
  },

  device: { microphone: "Mikrofon", camera: "Kamera", speaker: "Lautsprecher" },

  call: {
    people: count => (count === 1 ? "1 Person" : `${count} Personen`),
    grid: "Personen im Gespräch",
    toolbar: "Bedienung",
    title: room => (room === undefined ? "Privates Gespräch" : `Gespräch in „${room}“`),
    locked: "Abgeschlossen",
    waiting: count => (count === 1 ? "1 wartet" : `${count} warten`),
    you: "Du",
    ownLabel: name => `${name} (du)`,
    copied: "Link kopiert. Schick ihn denen, mit denen du sprechen willst.",
    copyByHand: "Kopiere diesen Link:",
    verify: "Prüfen",
    leave: "Verlassen",
    mutedHint: keys =>
      keys
        ? "Dein Mikrofon ist aus. Drück M, oder halte die Leertaste gedrückt, während du sprichst."
        : "Dein Mikrofon ist aus.",
    startedMuted: keys =>
      `Hier sind viele Personen, darum ist dein Mikrofon zu Beginn aus. ${keys ? "Drück M" : "Schalte es ein"}, wenn du sprechen willst.`,
    unmute: "Ton einschalten",
    soundBlocked: "Dein Browser hält den Ton dieser Seite zurück.",
    status: {
      connecting: "Verbinde…",
      waiting: "Warte auf Einlass…",
      outside:
        "Dieses Gespräch ist abgeschlossen. Warte, bis dich ein Gastgeber einlässt… Ist kein Gastgeber da, kann das niemand: Bitte jemanden zu kommen, der den Link für Gastgeber hat.",
      reconnecting: "Verbindung verloren. Verbinde neu…",
      media: "Ton und Bild werden eingerichtet…",
      mediaFailed:
        "Ton und Bild kommen nicht durch. Vielleicht sperrt das Netz sie; es wird weiter versucht…",
      mediaRefused:
        "Der Server stimmt der Weitergabe von Ton und Bild nicht zu; es wird weiter versucht… Wenn das so bleibt, verlass das Gespräch und nimm neu teil, und sag es dem Betreiber des Servers.",
      unreachable:
        "Der Server ist nicht erreichbar; es wird weiter versucht… Prüfe dein Netz. Wenn du ihn betreibst: Ein Proxy davor muss WebSockets und den Host-Header durchlassen.",
      notBack:
        "Du bist noch nicht zurück im Gespräch; es wird weiter versucht… Prüfe dein Netz. Wenn das so bleibt, verlass das Gespräch und nimm neu teil.",
      unanswered:
        "Noch hat dich niemand eingelassen: Vielleicht sind alle gerade weg oder verlieren die Verbindung. Warte, oder verlass das Gespräch und versuch es noch einmal.",
      alone: "Du bist allein hier. Drück „Einladen“ und schick jemandem den Link.",
      offline: "Dieses Gerät ist offline. Sobald es wieder ein Netz hat, geht das Gespräch weiter.",
    },
  },

  verify: {
    title: "Sind sie es wirklich?",
    explain:
      "Vergleicht diese Zahlen miteinander, am besten laut. Wenn alle dieselben sehen, sind genau die hier aufgeführten Personen im Gespräch, und niemand ist dazwischen.",
    differ:
      "Wenn eine Zahl abweicht, sag nichts Privates: Verlass das Gespräch und teile einen neuen Link.",
    none: "Noch gibt es keine Zahl. Sie erscheint, sobald du im Gespräch bist.",
    noneNow:
      "Im Augenblick gibt es keine Zahl: Die Verbindung ging verloren und wird neu aufgebaut. Sag nichts Privates, bis sie wieder da ist, und vergleicht sie dann noch einmal.",
    qr: "Als QR-Code zeigen",
    qrLabel: "QR-Code der Sicherheitszahl",
    qrHint:
      "Für Menschen im selben Zimmer: Scannt ihn mit der Kamera eines anderen Geräts und vergleicht den Text mit der Zahl auf jenem Gerät.",
    people: "In diesem Gespräch",
    markHint:
      "Wenn du dir bei jemandem sicher bist, markiere die Person als geprüft. Die Markierung gehört zu ihrem Gerät, bleibt auf deinem und ist beim nächsten Gespräch da.",
    markHintShort:
      "Wenn du dir bei jemandem sicher bist, markiere die Person als geprüft. Dieses Fenster speichert nichts; die Markierung ist weg, wenn du gehst.",
    mark: "Als geprüft markieren",
    unmark: "Markierung zurücknehmen",
    ofPerson: (action, name) => `${action}: ${name}`,
    differs:
      "Du hast angegeben, dass jemand eine andere Zahl sieht. Sag nichts Privates: Verlass das Gespräch und teile einen neuen Link auf anderem Weg.",
    sayDiffers: "Eine Zahl weicht ab",
    agreesAfterAll: "Sie war doch gleich",
  },

  emoji: {
    title: "Oder Emoji vergleichen",
    explain:
      "Schneller vorgelesen als 60 Ziffern. Alle im Gespräch bekommen dieselben sechs, für diesen Augenblick gemacht.",
    alone: "Noch ist niemand da, mit dem du vergleichen könntest.",
    start: "Emoji vergleichen",
    again: "Emoji noch einmal vergleichen",
    cancel: "Abbrechen",
    started: name => `${name} vergleicht Emoji. Drück „Prüfen“, um deine zu sehen.`,
    asking: "Die anderen werden gefragt…",
    running: ({ name, own }) =>
      own ? "Warte auf alle…" : `${name} vergleicht Emoji. Warte auf alle…`,
    done: ({ name, own }) =>
      `${own ? "Du hast angefangen." : `${name} hat angefangen.`} Lest sie vor: Haben alle dieselben sechs in derselben Reihenfolge, ist niemand dazwischen. Wenn nicht, sag nichts Privates und geh.`,
    step: { silent: "noch nicht", committed: "bereit", revealed: "fertig" },
    failure(reason) {
      switch (reason.type) {
        case "not_sent":
          return "Keine Emoji: Deine Anfrage hat die anderen nicht erreicht. Prüfe deine Verbindung und versuch es noch einmal.";
        case "missing":
          return `Keine Emoji: keine rechtzeitige Antwort von ${names(reason.people)}. Versuch es noch einmal; wenn es wieder geschieht, bitte sie, neu teilzunehmen.`;
        case "cancelled":
          return `Keine Emoji: ${reason.by.own ? "Du hast" : `${reason.by.name} hat`} abgebrochen oder nicht von allen rechtzeitig gehört. Versuch es noch einmal.`;
        case "broken":
          return `Keine Emoji: Ein Gerät (${reason.by.own ? "deins" : reason.by.name}) hat sich nicht an die Regeln des Vergleichs gehalten. Das ist ein Fehler in der App oder ein Täuschungsversuch. Vergleicht stattdessen die 60 Ziffern, und sag nichts Privates, bis sie übereinstimmen.`;
        case "people_changed": {
          const changes = [
            ...(reason.joined.length > 0 ? [`dazugekommen: ${names(reason.joined)}`] : []),
            ...(reason.left.length > 0 ? [`gegangen: ${names(reason.left)}`] : []),
          ];
          return `Keine Emoji: Inzwischen hat sich die Runde geändert (${changes.join("; ")}). Vergleicht noch einmal mit denen, die jetzt da sind.`;
        }
        case "reconnected":
          return "Keine Emoji: Deine Verbindung ging inzwischen verloren. Vergleicht noch einmal, wenn du zurück bist.";
      }
    },
    word: place => core?.WORDS[place],
  },

  lock: {
    none: "Noch wird nichts gesendet: Die Schlüssel entstehen gerade.",
    alarm: "Etwas hat in dieses Gespräch eingegriffen. Lies die Warnung.",
    differs: "Die Zahl weicht ab: Vielleicht ist jemand dazwischen. Sag nichts Privates.",
    emoji: "Beim Vergleich der Emoji ging es nicht ehrlich zu. Vergleicht die Zahl.",
    unreadable: (who, why) =>
      `${list.format(who)} ${who.length === 1 ? "ist" : "sind"} hier nicht zu verstehen. ${why}`,
    whyOnTiles: "Auf ihren Kacheln steht, warum.",
    others: count => `${count} andere`,
    doubt: who =>
      `Vorsicht: ${list.format(who)} ${who.length === 1 ? "hört" : "hören"} vielleicht nicht, was du hörst.`,
    caution: who =>
      `Verschlüsselt. Prüfe, wer ${list.format(who)} ${who.length === 1 ? "ist" : "sind"}.`,
    open: "Verschlüsselt, aber der Link schützt diesen Raum nicht: Alle können teilnehmen.",
    verified: "Verschlüsselt, und du hast alle hier geprüft.",
    protected: "Verschlüsselt: Nur wer diesen Link hat, kann hier sein.",
  },

  quality: {
    other: {
      loss: "Schlechte Verbindung: Teile von dem, was gesendet wird, gehen unterwegs verloren.",
      frozen: "Das Bild steht still: Es kommt zu wenig davon an.",
      nothing: "Im Augenblick kommt nichts an.",
      room: "Deine Verbindung hat keinen Platz für dieses Bild: Es kommt wieder, sobald mehr da ist.",
      delay: "Langsame Verbindung: Was gesagt wird, kommt spät an.",
    },
    own: {
      loss: "Deine Verbindung ist schlecht: Teile von dem, was du sendest, gehen verloren.",
      frozen: "Dein Bild steht still: Deine Kamera liefert kein neues.",
      nothing: "Im Augenblick kommt nichts von dem hinaus, was du sendest.",
      room: "Deine Verbindung hat keinen Platz für dein Bild.",
      delay: "Deine Verbindung ist langsam: Andere hören dich spät.",
    },
    unreadable: {
      no_receiver: "Nicht zu entschlüsseln: Die Person ist nicht mehr in der Gruppe.",
      malformed: "Nicht zu entschlüsseln: Was ankommt, ist beschädigt.",
      no_key: "Nicht zu entschlüsseln: Die Schlüssel sind noch nicht da.",
      wrong_sender: "Nicht gezeigt: Es wurde von jemand anderem verschlüsselt.",
      wrong_source: "Nicht gezeigt: Es gibt sich als etwas anderes aus.",
      forged: "Nicht zu entschlüsseln: Es wurde unterwegs beschädigt oder gefälscht.",
      replayed: "Nicht gezeigt: Es ist eine Aufzeichnung von etwas, das schon gesendet wurde.",
      hold_full: "Nicht zu entschlüsseln: Zu viel kam an, bevor die Schlüssel da waren.",
    },
  },

  stage: {
    pages: "Seiten mit Personen",
    previous: "Vorige Seite",
    next: "Nächste Seite",
    page: (page, of) => `${page} / ${of}`,
    large: "Groß gezeigt",
    fullScreen: "Vollbild",
    noFullScreen: "Der Browser erlaubt hier kein Vollbild.",
    speakerView: "Sprecheransicht",
    gridView: "Rasteransicht",
    pictureInPicture: "Bild im Bild",
    noPicture: "Es gibt kein Bild von jemand anderem zu zeigen.",
  },

  tile: {
    muted: "Mikrofon aus",
    hand: "Hand gehoben",
    recording: "nimmt auf",
    lost: "verbindet sich neu…",
    pin: name => `${name} groß zeigen`,
    unpin: name => `${name} nicht mehr groß zeigen`,
    pinTip: "Groß zeigen",
    unpinTip: "Nicht mehr groß",
  },

  share: {
    start: "Bildschirm teilen",
    stop: "Nicht mehr teilen",
    own: "Das teilst du gerade",
    of: name => `Bildschirm von ${name}`,
    fullScreen: name => `Bildschirm von ${name} als Vollbild`,
    problem: {
      unavailable: "Dieser Browser kann keinen Bildschirm teilen.",
      failed:
        "Der Bildschirm konnte nicht geteilt werden. Sieh nach, ob das System es dem Browser erlaubt, und versuch es noch einmal.",
    },
  },

  chat: {
    title: "Chat",
    empty:
      "Noch hat niemand etwas geschrieben. Nur die Menschen im Gespräch können es lesen, und nichts wird gespeichert.",
    messages: "Nachrichten",
    field: "Nachricht an alle",
    placeholder: "An alle schreiben",
    send: "Senden",
    unread: count => (count === 1 ? "1 neue Nachricht" : `${count} neue Nachrichten`),
    copy: name => `Nachricht von ${name} kopieren`,
    copyTip: "Kopieren",
    copied: "Nachricht kopiert.",
  },

  people: {
    open: "Personen",
    title: count => (count === 1 ? "1 Person" : `${count} Personen`),
    invite: "Einladen",
    verify: "Prüfen",
    hands: "Gehobene Hände",
    others: "Alle anderen",
    place: place => `Hand gehoben, Nummer ${place} in der Reihe`,
    cameraOff: "Kamera aus",
    recording: "Nimmt diesen Anruf auf",
    host: "Gastgeber",
    endForAll: "Gespräch für alle beenden",
  },

  hand: { raise: "Hand heben", lower: "Hand senken" },

  reaction: {
    open: "Reagieren",
    names: [
      "Daumen hoch",
      "Herz",
      "Lachen",
      "Staunen",
      "Applaus",
      "Feiern",
      "Danke",
      "Daumen runter",
    ],
  },

  invite: {
    open: "Einladen",
    title: "Personen einladen",
    secret:
      "Wer diesen Link hat, kann teilnehmen und zuhören. Schick ihn nur denen, die du hier haben willst, auf einem Weg, dem du vertraust.",
    tokenNeeded:
      "Schick diesen Link nur denen, die du hier haben willst. Auf diesem Server brauchen sie außerdem alle eine eigene Einladung: Dieser Link allein lässt niemanden ein, und deine ist nicht darin. Einladungen macht, wer den Server betreibt oder dich eingeladen hat.",
    named:
      "Wer diesen Namen kennt oder errät, kann teilnehmen. Für Privates mach ein neues Gespräch.",
    copy: "Link kopieren",
    share: "Teilen…",
    qrLabel: "QR-Code des Links",
    qrHint: "Um mit einem Telefon teilzunehmen, scanne das mit dessen Kamera.",
  },

  more: { open: "Mehr" },

  settings: {
    title: "Einstellungen",
    devices: "Geräte",
    network: "Nutzung des Netzes",
    view: "Bild und Ton",
    hideSelf: "Mein eigenes Bild verbergen",
    sounds: "Töne, wenn jemand kommt oder geht",
  },

  mode: {
    full: { name: "Alles", hint: "Bilder von allen." },
    saver: {
      name: "Daten sparen",
      hint: "Ein kleines Bild von dir; von den anderen nur die Person, die groß gezeigt wird.",
    },
    audio: {
      name: "Nur Ton",
      hint: "Gar keine Kameras. Geteilte Bildschirme sind weiter zu sehen.",
    },
  },

  help: {
    title: "Tastenkürzel",
    names: {
      microphone: "Mikrofon an oder aus",
      talk: "Sprechen, solange gedrückt, wenn das Mikrofon aus ist",
      camera: "Kamera an oder aus",
      share: "Bildschirm teilen",
      hand: "Hand heben oder senken",
      chat: "Chat",
      people: "Personen",
      layout: "Raster oder Sprecheransicht",
      fullScreen: "Vollbild",
      verify: "Prüfen",
      inspector: "Inspektor",
      help: "Diese Hilfe",
    },
    space: "Leertaste",
    on: "Diese Tasten benutzen",
    hint: "Sie tun nichts, während du schreibst.",
  },

  news: {
    joined: who => `${list.format(who)} ${who.length === 1 ? "ist" : "sind"} dazugekommen.`,
    left: who => `${list.format(who)} ${who.length === 1 ? "ist" : "sind"} gegangen.`,
  },

  announce: {
    message: (name, words) => `${name} schreibt: ${words}`,
    reaction: (name, what) => `${name}: ${what}`,
    hand: name => `${name} hebt die Hand.`,
    waits: name => `${name} wartet auf Einlass.`,
    recording: name => `${name} nimmt diesen Anruf auf.`,
    locked: "Das Gespräch ist abgeschlossen: Wer jetzt kommt, wartet, bis ein Gastgeber einlässt.",
    unlocked: "Das Gespräch ist aufgeschlossen: Wer den Link hat, kann hereinkommen.",
  },

  lastTime: {
    title: "Seit dem letzten Mal",
    same: at => `Dieselben Geräte wie am ${date.format(at)}.`,
    changed: (at, added, missing) =>
      [
        `Verglichen mit dem ${date.format(at)}:`,
        ...(added.length > 0 ? [`Neu: ${list.format(added)}.`] : []),
        ...(missing.length > 0 ? [`Nicht hier: ${list.format(missing)}.`] : []),
      ].join(" "),
  },

  scan: {
    start: "QR-Code einer anderen Person scannen",
    stop: "Nicht mehr scannen",
    view: "Kamera zum Scannen",
    looking: "Halte den QR-Code des anderen Geräts vor die Kamera.",
    agrees: "Dieselbe Zahl: Genau die hier aufgeführten Personen sind im Gespräch.",
    differs:
      "Eine andere Zahl! Sag nichts Privates: Vielleicht ist jemand dazwischen. Wenn gerade jemand gekommen oder gegangen ist, scanne noch einmal.",
    foreign: "Das ist ein QR-Code, aber nicht der einer Sicherheitszahl.",
    noCamera: "Die Kamera ist nicht zu benutzen. Lest die Zahl stattdessen vor.",
    cameraGone:
      "Die Kamera wurde abgezogen oder weggenommen. Scanne noch einmal mit einer anderen, oder lest die Zahl stattdessen vor.",
  },

  alarm: { seen: "Ich habe das gesehen" },

  doubt: {
    silent: "seit einer Weile nichts gehört",
    elsewhere: "sieht ein anderes Gespräch als du",
    explain: {
      silent:
        "Seit einer Weile nichts gehört: eine schlechte Verbindung, oder der Server hält zurück, was die Person sendet. Wenn das so bleibt, vergleicht die Zahl, bevor du etwas Privates sagst.",
      elsewhere:
        "Sieht ein anderes Gespräch als du: Vielleicht hat es jemand geteilt, vielleicht der Server. Sag nichts Privates, bis das vorbei ist und ihr die Zahl verglichen habt.",
    },
  },

  trust: {
    mark: {
      own: "Du",
      own_key: "Dein Gerät",
      unconfirmed: "Unbestätigt",
      verified: "Geprüft",
      seen: "Bekannt",
      new: "Neu",
      warning: "Prüfe, wer das ist",
    },
    tileLabel: (name, mark) => `${name}, ${mark}`,
    own: "Du.",
    own_key: "Dein eigenes Gerät, in einem anderen Tab oder Fenster.",
    unconfirmed:
      "Hat noch nicht gezeigt, dass der Schlüssel wirklich hier ist. Das dauert einige Sekunden. Wenn es so bleibt, kann es eine Aufzeichnung sein: Sag ihr nichts Privates.",
    new: "Auf diesem Gerät noch nie getroffen.",
    verified: (name, at) => `Du hast „${name}“ am ${date.format(at)} geprüft.`,
    seen: first => `Zum ersten Mal mit diesem Gerät im Gespräch am ${date.format(first)}.`,
    warning(name, warning) {
      switch (warning.type) {
        case "other_key_before": {
          const before = warning.verified
            ? `Du hast „${warning.name}“ mit einem anderen Schlüssel als diesem geprüft.`
            : `„${warning.name}“ kam früher mit einem anderen Schlüssel, zuerst am ${date.format(warning.first)}.`;
          return `${before} Das kann ein neues Gerät sein, eine andere Person dieses Namens, oder jemand, der sich ausgibt. Sieh und hör hin, ob es wirklich ${name} ist, und vergleicht die Zahl, bevor du etwas Privates sagst. Wenn du sicher bist, markiere dieses Gerät als geprüft.`;
        }
        case "same_name_now":
          return warning.verified
            ? `Zwei Personen in diesem Gespräch heißen „${name}“, mit verschiedenen Schlüsseln. Die andere ist geprüft. Frag diese hier, wer sie ist, bevor du etwas Privates sagst.`
            : `Zwei Personen in diesem Gespräch heißen „${name}“, mit verschiedenen Schlüsseln. Frag jede, wer sie ist, und unterscheide sie an Stimme und Gesicht.`;
        case "renamed":
          return `Du hast dieses Gerät als „${warning.before}“ geprüft, und jetzt nennt es sich „${name}“. Frag, warum. Wenn du sicher bist, wer es ist, markiere es neu.`;
      }
    },
  },

  forget: {
    open: "Identität dieses Geräts vergessen",
    title: "Identität dieses Geräts vergessen?",
    explain:
      "Andere kennen dich an einem Schlüssel, den dieser Browser aufbewahrt; dahinter steht kein Konto. Wenn du ihn vergisst, entsteht beim nächsten Gespräch ein neuer.",
    effects: [
      "Andere sehen dich als neues Gerät und werden vielleicht gewarnt, dass dein Name früher mit einem anderen Schlüssel kam.",
      "Markierungen, die andere dir gegeben haben, gelten nicht mehr. Sie müssen dich neu prüfen.",
      "Deine Markierungen für andere bleiben, wenn du sie nicht auch vergisst.",
      "Gespräche, in denen du gerade bist, gehen mit dem alten Schlüssel weiter, in jedem Tab, bis du sie verlässt.",
    ],
    people: "Auch die Menschen vergessen, die ich getroffen habe, mit meinen Markierungen",
    confirm: "Identität vergessen",
    keep: "Behalten",
    done: "Vergessen. Dein nächstes Gespräch beginnt mit einer neuen Identität.",
    failed:
      "Der Browser hat sie nicht losgelassen. Schließ die anderen Tabs mit Tangelo und versuch es noch einmal, oder lösche die Daten dieser Seite in den Einstellungen des Browsers.",
    close: "Schließen",
  },

  over: {
    left: "Du hast das Gespräch verlassen",
    leftHint: "Dein Mikrofon und deine Kamera sind aus.",
    ended: "Das Gespräch ist für dich zu Ende",
    refused: "So kannst du nicht teilnehmen",
    failed: "Etwas ist schiefgegangen",
    failure: {
      crashed:
        "Der Teil dieser Seite, der die Schlüssel hält, ist stehen geblieben. Darum wurde das Gespräch beendet, und nichts wird mehr gesendet. Dein Mikrofon und deine Kamera sind aus.",
      not_loaded:
        "Ein Teil dieser Seite konnte nicht geladen werden: Vielleicht hat der Server eine neue Version, oder deine Verbindung ist weg. Lade die Seite neu und versuch es noch einmal.",
    },
    rejoin: "Wieder teilnehmen",
    reload: "Seite neu laden",
    home: "Startseite",
  },

  broken: {
    secretMissing: "Dieser Link ist nicht vollständig",
    secretMissingHint:
      "Der Teil nach dem # fehlt. Er ist der Schlüssel zu diesem Raum; ohne ihn kommt niemand hinein. Bitte noch einmal um den ganzen Link, und kopiere ihn vollständig.",
    badRoom: "Diesen Raum gibt es nicht",
    badRoomHint:
      "Der Link ist abgeschnitten oder vertippt. Bitte noch einmal darum, oder mach auf der Startseite ein neues Gespräch.",
    unknown: "Hier ist nichts",
    unknownHint: "Die Adresse gehört zu keinem Raum.",
  },

  unsupported: {
    insecure:
      "Diese Seite wurde nicht über eine sichere Verbindung geöffnet; darum gibt ihr der Browser weder Kamera noch Schlüssel. Öffne sie mit https:// davor.",
    no_webrtc: `Dieser Browser kann keine Videogespräche führen. Bitte nimm ${BROWSERS}.`,
    no_encoded_transforms: `Dieser Browser kann Gespräche nicht Ende-zu-Ende verschlüsseln (ihm fehlen „encoded transforms“), und Tangelo sendet nichts unverschlüsselt. Bitte nimm ${BROWSERS}.`,
  },

  devicePlugged: (kind, name, first) => {
    const camera = kind === "camera";
    return first
      ? `${name || (camera ? "Eine Kamera" : "Ein Mikrofon")} wurde angeschlossen. Schalte ${camera ? "deine Kamera ein, um sie" : "dein Mikrofon ein, um es"} zu benutzen.`
      : `${name} wurde angeschlossen. Um es als ${camera ? "Kamera" : "Mikrofon"} zu benutzen, wähle es in den Einstellungen.`;
  },
  deviceReplaced: kind =>
    `${kind === "camera" ? "Deine Kamera" : "Dein Mikrofon"} wurde abgezogen. Jetzt wird ein anderes Gerät benutzt.`,
  speakerLost: "Dein Lautsprecher wurde abgezogen. Jetzt wird der übliche benutzt.",

  deviceProblem(kind, problem) {
    const camera = kind === "camera";
    const device = camera ? "deine Kamera" : "dein Mikrofon";
    const capital = camera ? "Deine Kamera" : "Dein Mikrofon";
    switch (problem) {
      case "denied":
        return `Tangelo darf ${device} nicht benutzen. Erlaube es in der Adresszeile oder den Einstellungen des Browsers, und schalte es dann hier ein.`;
      case "missing":
        return `Es wurde ${camera ? "keine Kamera" : "kein Mikrofon"} gefunden. Schließ ${camera ? "eine" : "eins"} an, und schalte es dann hier ein.`;
      case "busy":
        return `${capital} antwortet nicht. Vielleicht benutzt ein anderes Programm das Gerät: Beende das, und schalte es dann hier ein.`;
      case "insecure":
        return `Der Browser gibt einer Seite ohne sichere Verbindung ${camera ? "keine Kamera" : "kein Mikrofon"}. Öffne sie mit https:// davor.`;
      case "unplugged":
        return `${capital} wurde abgezogen oder weggenommen. Wähle ein anderes Gerät, oder schalte es wieder ein.`;
      case "failed":
        return `${capital} konnte nicht gestartet werden. Schalte das Gerät ein, um es noch einmal zu versuchen.`;
      case "effect":
        return camera
          ? "Dein Hintergrund konnte nicht verdeckt werden, darum ist deine Kamera aus. Schalte sie ein, um es noch einmal zu versuchen, oder wähle keinen Effekt."
          : "Die Geräuschunterdrückung war nicht zu benutzen. Dein Mikrofon funktioniert ohne sie.";
    }
  },

  async loadCore() {
    core = await import("./core.de.js");
  },
  fromCore: words => core?.fromCore(words) ?? words,

  inspector: { title: "Inspektor" },

  effects: {
    title: "Effekte",
    noise: "Geräuschunterdrückung",
    noiseHint: "Nimmt Lüfter, Verkehr und Tippen aus deinem Ton.",
    background: "Hintergrund",
    backgrounds: {
      none: "Keiner",
      blur: "Unscharf",
      dawn: "Morgen",
      grove: "Hain",
      dusk: "Abend",
      own: "Dein Bild",
    },
    choose: "Bild wählen…",
    chooseOther: "Anderes Bild wählen…",
    noImage: "Diese Datei lässt sich nicht als Bild zeigen. Wähle eine andere, etwa ein Foto.",
    starting: "Startet…",
    onDevice: "Auf diesem Gerät berechnet: Dafür wird nichts irgendwohin gesendet.",
    unavailable: "Dieser Browser kann nicht alle Effekte.",
    without: "Kamera ohne Effekt benutzen",
  },
};
