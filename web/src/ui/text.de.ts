/** Every text of the page, in German. */
import type { EmojiPerson } from "../generated/EmojiPerson.js";
import type { Texts } from "./text.js";

const BROWSERS = "Chrome oder Edge 141, Firefox 130, Safari 17 oder etwas Neueres";

const date = new Intl.DateTimeFormat("de", { dateStyle: "medium" });
const list = new Intl.ListFormat("de");

function names(people: readonly EmojiPerson[]): string {
  return list.format(people.map(({ name, own }) => (own ? "dir" : name)));
}

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
    unreachable: "Der Server antwortet gerade nicht. Prüfe dein Netz.",
    offline: "Dieses Gerät ist offline. Verbinde es mit einem Netz, um teilzunehmen.",
    noChoice: "Nicht gefunden",
    defaultChoice: "Standard",
    unnamed: (kind, number) => `${kind} ${number}`,
  },

  device: { microphone: "Mikrofon", camera: "Kamera", speaker: "Lautsprecher" },

  call: {
    people: count => (count === 1 ? "1 Person" : `${count} Personen`),
    grid: "Personen im Gespräch",
    toolbar: "Bedienung",
    title: room => (room === undefined ? "Privates Gespräch" : `Gespräch in „${room}“`),
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
    word: place => WORDS[place],
  },

  lock: {
    none: "Noch wird nichts gesendet: Die Schlüssel entstehen gerade.",
    alarm: "Etwas hat in dieses Gespräch eingegriffen. Lies die Warnung.",
    differs: "Die Zahl weicht ab: Vielleicht ist jemand dazwischen. Sag nichts Privates.",
    emoji: "Beim Vergleich der Emoji ging es nicht ehrlich zu. Vergleicht die Zahl.",
    unreadable: who =>
      `${list.format(who)} ${who.length === 1 ? "ist" : "sind"} hier nicht zu verstehen: Was ankommt, passt nicht zu den Schlüsseln.`,
    doubt: who =>
      `Vorsicht: ${list.format(who)} ${who.length === 1 ? "hört" : "hören"} vielleicht nicht, was du hörst.`,
    caution: who =>
      `Verschlüsselt. Prüfe, wer ${list.format(who)} ${who.length === 1 ? "ist" : "sind"}.`,
    open: "Verschlüsselt, aber der Link schützt diesen Raum nicht: Alle können teilnehmen.",
    verified: "Verschlüsselt, und du hast alle hier geprüft.",
    protected: "Verschlüsselt: Nur wer diesen Link hat, kann hier sein.",
  },

  lockShort: {
    none: "Noch nicht",
    alarm: "Warnung",
    differs: "Zahl weicht ab",
    emoji: "Warnung",
    unreadable: "Prüfen",
    doubt: "Vorsicht",
    caution: "Wer ist das?",
    open: "Offener Raum",
    verified: "Geprüft",
    protected: "Verschlüsselt",
  },

  quality: {
    other: {
      loss: "Schlechte Verbindung: Teile von dem, was gesendet wird, gehen unterwegs verloren.",
      frozen: "Das Bild steht still: Es kommt zu wenig davon an.",
      nothing: "Im Augenblick kommt nichts an.",
      delay: "Langsame Verbindung: Was gesagt wird, kommt spät an.",
    },
    own: {
      loss: "Deine Verbindung ist schlecht: Teile von dem, was du sendest, gehen verloren.",
      frozen: "Dein Bild steht still: Deine Kamera liefert kein neues.",
      nothing: "Im Augenblick kommt nichts von dem hinaus, was du sendest.",
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
    recording: name => `${name} nimmt diesen Anruf auf.`,
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

  devicePlugged: (kind, name) =>
    `${name} wurde angeschlossen. Um es als ${kind === "camera" ? "Kamera" : "Mikrofon"} zu benutzen, wähle es in den Einstellungen.`,
  deviceReplaced: kind =>
    `${kind === "camera" ? "Deine Kamera" : "Dein Mikrofon"} wurde abgezogen. Jetzt wird ein anderes Gerät benutzt.`,

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

  fromCore(words) {
    const found = CORE.find(([english]) => english.test(words));
    if (found === undefined) return say(REASONS, words);
    const [english, german] = found;
    // What is inside comes from one other list, whatever it holds: a server cannot make this go deeper.
    const why = english.exec(words)?.groups?.["why"];
    const said = words.replace(english, german);
    return why === undefined ? said : said.replace("{why}", () => say(REASONS, why));
  },

  inspector: {
    title: "Inspektor",
    loading: "Der Inspektor wird geladen…",
    notLoaded:
      "Der Inspektor konnte nicht geladen werden. Prüfe deine Verbindung, schließ das hier und öffne ihn noch einmal, oder lade die Seite neu und nimm wieder teil.",
    close: "Inspektor schließen",
  },

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
    notLoaded:
      "Die Effekte konnten nicht geladen werden: Vielleicht ist deine Verbindung weg. Schließ das und öffne es noch einmal, oder lade die Seite neu.",
    starting: "Startet…",
    onDevice: "Auf diesem Gerät berechnet: Dafür wird nichts irgendwohin gesendet.",
    unavailable: "Dieser Browser kann nicht alle Effekte.",
    without: "Kamera ohne Effekt benutzen",
  },
};

type Sentences = readonly (readonly [RegExp, string])[];

/** In German what is among these sentences; anything else as it is. */
function say(sentences: Sentences, words: string): string {
  const found = sentences.find(([english]) => english.test(words));
  return found === undefined ? words : words.replace(...found);
}

/** What the core says, in English there; `{why}` is one of `REASONS`. A sentence that is not here is shown in English. */
export const CORE: Sentences = [
  [/^You left the call\.$/, "Du hast das Gespräch verlassen."],
  [
    /^There is no connection to the call at the moment\.$/,
    "Gerade gibt es keine Verbindung zum Gespräch.",
  ],
  [
    /^You are not in the call yet: .*$/,
    "Du bist noch nicht im Gespräch: Versuch es gleich noch einmal.",
  ],
  [
    /^A message has 1 to (\d+) characters.*$/,
    "Eine Nachricht hat 1 bis $1 Zeichen, und nur solche, die sich zeigen lassen.",
  ],
  [
    /^Too many messages are waiting.*$/,
    "Zu viele Nachrichten warten darauf, gesendet zu werden. Versuch es gleich noch einmal.",
  ],
  [
    /^there is nobody to compare emoji with yet$/,
    "Noch ist niemand da, mit dem du Emoji vergleichen könntest.",
  ],
  [/^a comparison of emoji is under way$/, "Gerade werden schon Emoji verglichen."],
  [
    /^you are not in the call yet: wait.*$/,
    "Du bist noch nicht im Gespräch: Warte, bis du es bist, und vergleiche dann Emoji.",
  ],
  [
    /^(.+) saw another call than you and most others: .*$/,
    "$1 sah ein anderes Gespräch als du und die meisten anderen: Der Server, oder jemand im Gespräch, hat es geteilt. Gleich sollte das vorbei sein.",
  ],
  [
    /^Not everyone in this call saw the same call: .*$/,
    "Nicht alle in diesem Gespräch haben dasselbe Gespräch gesehen: Der Server, oder jemand darin, hat es geteilt. Es wird neu verbunden. Wenn das wieder geschieht, trau diesem Server nicht.",
  ],
  [
    /^(.+) sent everyone new keys that this device cannot use, .*$/,
    "$1 hat allen neue Schlüssel gesendet, die dieses Gerät nicht benutzen kann; das schneidet dich von den anderen ab. Es wird neu verbunden. Wenn das wieder geschieht, verzichtet auf $1, oder verlass das Gespräch und teile einen neuen Link.",
  ],
  [/^You were removed from the call\.$/, "Du wurdest aus dem Gespräch entfernt."],
  [
    /^The call had to end: (?<why>.*)\. Reload the page to join again\.$/,
    "Das Gespräch musste enden: {why}. Lade die Seite neu, um wieder teilzunehmen.",
  ],
  [
    /^The call is full\. .*$/,
    "Das Gespräch ist voll. Versuch es wieder, wenn jemand gegangen ist.",
  ],
  [
    /^This page and the server are of different versions.*$/,
    "Diese Seite und der Server haben verschiedene Versionen. Lade die Seite neu, um die des Servers zu bekommen.",
  ],
  [
    /^The server did not accept this link.*$/,
    "Der Server hat diesen Link nicht angenommen. Bitte um den ganzen Link, und öffne ihn, wie er ist.",
  ],
  [/^The server refused the call: (?<why>.*)\.$/, "Der Server hat das Gespräch abgelehnt: {why}."],
  [/^The server is full\. .*$/, "Der Server ist voll. Versuch es später wieder."],
  [
    /^Your place in the call is taken: .*$/,
    "Dein Platz im Gespräch ist vergeben: Das Gespräch ist voll. Es wird weiter versucht, bis wieder Platz ist.",
  ],
  [/^The server reports: (?<why>.*)$/, "Der Server meldet: {why}"],
  [
    /^this link is cut off: .*$/,
    "Dieser Link ist abgeschnitten: Der Teil nach dem # fehlt. Bitte um den ganzen Link.",
  ],
  [
    /^the part after # of this link is incomplete .*$/,
    "Der Teil nach dem # dieses Links ist unvollständig oder vertippt. Bitte um den ganzen Link.",
  ],
  [
    /^the part after # of this link belongs to another room.*$/,
    "Der Teil nach dem # dieses Links gehört zu einem anderen Raum. Bitte um den ganzen Link.",
  ],
];

/** Why something ended or was refused: inside a sentence of `CORE`, or alone. Without a full stop, as in the core. */
export const REASONS: Sentences = [
  [/^no random numbers can be had$/, "Es gibt keine Zufallszahlen"],
  [/^the encryption failed inside \((.*)\)$/, "Die Verschlüsselung hat innen versagt ($1)"],
  [
    /^this device's identity key gave a wrong signature$/,
    "Der Identitätsschlüssel dieses Geräts hat falsch signiert",
  ],
  [
    /^the own credential is not valid: .*? (\d+): .*$/,
    "Das eigene Credential ist ungültig (Regel $1)",
  ],
  [
    /^this is not a room link; a room link looks like (.*)$/,
    "Das ist kein Link zu einem Raum; einer sieht so aus: $1",
  ],
  [
    /^a room with a name of one's choice has no secret; .*$/,
    "Ein Raum mit selbst gewähltem Namen hat kein Geheimnis: Nimm den Teil nach dem # weg",
  ],
  [/^this room link is incomplete or mistyped$/, "Dieser Link ist unvollständig oder vertippt"],
  [
    /^a room name has 1 to (\d+) of the characters .*$/,
    "Der Name eines Raums hat 1 bis $1 der Zeichen a-z, 0-9 und einzelne Bindestriche dazwischen",
  ],
  [/^type a name first$/, "Gib zuerst einen Namen ein"],
  [
    /^the name is too long: (\d+) bytes are the limit$/,
    "Der Name ist zu lang: Höchstens $1 Bytes sind erlaubt",
  ],
  [
    /^the name holds characters that cannot be shown$/,
    "Der Name enthält Zeichen, die sich nicht zeigen lassen",
  ],
  [/^too many messages: slow down$/, "Zu viele Nachrichten auf einmal, bitte langsamer"],
  [
    /^too many commits: try again in a moment$/,
    "Zu viele Commits auf einmal, gleich noch einmal versuchen",
  ],
  [
    /^too many checks: one a second is enough$/,
    "Zu viele Fork-Prüfungen: Eine in der Sekunde genügt",
  ],
  [/^too many offers: slow down$/, "Zu viele Offers auf einmal, bitte langsamer"],
  [/^at most (\d+) pictures can be shown$/, "Höchstens $1 Bilder können gezeigt werden"],
  [
    /^too many changes of what is shown: slow down$/,
    "Zu viele Änderungen dessen, was gezeigt wird, bitte langsamer",
  ],
  [/^the server is busy: try again$/, "Der Server ist überlastet, bitte noch einmal versuchen"],
  [
    /^the server is full: try again later$/,
    "Der Server ist voll, bitte später noch einmal versuchen",
  ],
  [/^the room is full: it takes (\d+) people$/, "Der Raum ist voll: Er fasst $1 Personen"],
  [
    /^a client id is assigned already: arrive with it$/,
    "Eine Client-ID ist schon vergeben: Der Client muss mit ihr ankommen",
  ],
  [
    /^this server was reached as (.*), not under the name in the browser's address bar; .*$/,
    "Dieser Server wurde als $1 erreicht, nicht unter dem Namen in der Adresszeile des Browsers; steht ein Proxy davor, muss er den Host-Header unverändert weitergeben",
  ],
  [/^say hello first$/, "Vorher muss der Client ein Hello senden"],
  [/^arrive in a room first$/, "Vorher muss der Client in einem Raum ankommen"],
  [/^a client arrives with a key package$/, "Ein Client kommt mit einem Key Package an"],
  [/^a key package has at most (\d+) bytes$/, "Ein Key Package hat höchstens $1 Bytes"],
  [/^only a new connection resumes$/, "Nur eine neue Verbindung kann fortsetzen"],
  [
    /^the session to resume is over: arrive anew$/,
    "Die fortzusetzende Sitzung ist vorbei: Der Client muss neu ankommen",
  ],
  [
    /^the server took this client out of the room: arrive anew$/,
    "Der Server hat diesen Client aus dem Raum genommen: Er muss neu ankommen",
  ],
  [/^entry (\d+) is yet to come$/, "Eintrag $1 gibt es noch nicht"],
  [
    /^this server speaks version (\d+) of the protocol, not (\d+): reload the page$/,
    "Dieser Server spricht Version $1 des Protokolls, nicht $2: Lade die Seite neu",
  ],
  [
    /^only who founded or entered the current group can post this$/,
    "Das darf nur senden, wer die aktuelle Gruppe gegründet hat oder in sie eingetreten ist",
  ],
  [
    /^the group id is not that of this log, parent and client$/,
    "Die Gruppen-ID gehört nicht zu diesem Log, Vorgänger und Client",
  ],
  [
    /^the room has a group: wait to be added$/,
    "Der Raum hat eine Gruppe: Der Client muss warten, bis er aufgenommen wird",
  ],
  [/^a commit or a welcome is never empty$/, "Ein Commit oder Welcome ist nie leer"],
  [
    /^a welcome goes with a commit that adds, and with no other$/,
    "Ein Welcome gehört zu einem Commit, der aufnimmt, und zu keinem anderen",
  ],
  [
    /^a commit adds others, and each of them once$/,
    "Ein Commit nimmt andere auf, und jeden nur einmal",
  ],
  [/^a commit adds only who is present$/, "Ein Commit nimmt nur auf, wer anwesend ist"],
  [
    /^no commit of the current group at this place adds this client$/,
    "An dieser Stelle nimmt kein Commit der aktuellen Gruppe diesen Client auf",
  ],
  [/^a host's statement has 1 to (\d+) bytes$/, "Eine Anweisung des Gastgebers hat 1 bis $1 Bytes"],
  [
    /^a room with a name of one's choice has no host$/,
    "Ein Raum mit selbst gewähltem Namen hat keinen Gastgeber",
  ],
  [
    /^this is not signed by the room's host for this call$/,
    "Das hat der Gastgeber des Raums nicht für dieses Gespräch signiert",
  ],
  [
    /^the number of a host's statement must rise$/,
    "Die Nummer einer Anweisung des Gastgebers muss steigen",
  ],
  [
    /^this statement of the host cannot be understood$/,
    "Diese Anweisung des Gastgebers ist nicht zu verstehen",
  ],
  [/^a message has 1 to (\d+) bytes$/, "Eine Nachricht hat 1 bis $1 Bytes"],
  [/^a message has at most (\d+) bytes$/, "Eine Nachricht hat höchstens $1 Bytes"],
  [
    /^a check has a tag of 8 and a signature of 64 bytes$/,
    "Eine Fork-Prüfung hat ein Tag von 8 und eine Signatur von 64 Bytes",
  ],
  [
    /^an offer has at most (\d+) bytes and (\d+) media sections$/,
    "Ein Offer hat höchstens $1 Bytes und $2 Medienabschnitte",
  ],
  [/^this room wants its link's secret$/, "Dieser Raum verlangt das Geheimnis seines Links"],
  [/^this room has no secret$/, "Dieser Raum hat kein Geheimnis"],
  [
    /^the link's secret belongs to another room$/,
    "Das Geheimnis des Links gehört zu einem anderen Raum",
  ],
  [
    /^the signature of the link's secret is wrong$/,
    "Die Signatur mit dem Geheimnis des Links ist falsch",
  ],
  [/^messages are JSON texts, never binary$/, "Nachrichten sind JSON-Texte, nie binär"],
  [/^the connection failed: (.*)$/, "Die Verbindung ist gescheitert: $1"],
];

/** For the emoji of the comparison, in the order of the protocol. Rust: tangelo_call's EMOJI. */
const WORDS: readonly string[] =
  "Elefant Schildkröte Krake Krokodil Schmetterling Schnecke Fisch Hahn Eule Pinguin Schlange Kamel Krabbe Pferd Schwein Löwe Kaktus Sonnenblume Kleeblatt Tanne Pilz Banane Trauben Ananas Kirschen Karotte Mais Pizza Käse Ei Brot Donut Auto Fahrrad Rakete Segelboot Zug Hubschrauber Ballon Traktor Haus Burg Zelt Schneemann Vulkan Regenbogen Mond Blitz Anker Schlüssel Glocke Hammer Büroklammer Regenschirm Gitarre Trommel Trompete Krone Diamant Glühbirne Fotoapparat Wecker Geschenk Hut".split(
    " ",
  );
