/** What the core says in English, in German. It loads when somebody joins: nothing before that comes from the core. */

export function fromCore(words: string): string {
  const found = CORE.find(([english]) => english.test(words));
  if (found === undefined) return say(REASONS, words);
  const [english, german] = found;
  // What is inside comes from one other list, whatever it holds: a server cannot make this go deeper.
  const why = english.exec(words)?.groups?.["why"];
  const said = words.replace(english, german);
  return why === undefined ? said : said.replace("{why}", () => say(REASONS, why));
}

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
  [
    /^The host removed you from the call\. .*$/,
    "Ein Gastgeber hat dich aus dem Gespräch entfernt. Zurück kannst du nur, wenn ein Gastgeber dich wieder zulässt.",
  ],
  [/^You ended the call for everyone\.$/, "Du hast das Gespräch für alle beendet."],
  [
    /^The host has ended the call for everyone\.$/,
    "Ein Gastgeber hat das Gespräch für alle beendet.",
  ],
  [
    /^The server says that the host removed you from the call\. .*$/,
    "Der Server sagt, ein Gastgeber habe dich aus dem Gespräch entfernt. Du kannst versuchen, wieder teilzunehmen.",
  ],
  [
    /^The server says that the host has ended the call for everyone\.$/,
    "Der Server sagt, ein Gastgeber habe das Gespräch für alle beendet.",
  ],
  [
    /^Only a host can do this: .*$/,
    "Das kann nur ein Gastgeber: Öffne das Gespräch mit dem Link für Gastgeber.",
  ],
  [/^This person is not in the call any more\.$/, "Diese Person ist nicht mehr im Gespräch."],
  [
    /^This is your own device: .*$/,
    "Das ist dein eigenes Gerät: Um zu gehen, verlass das Gespräch.",
  ],
  [
    /^Too much is waiting to be said\. .*$/,
    "Zu viel wartet darauf, gesagt zu werden. Versuch es gleich noch einmal.",
  ],
  [
    /^Too many people are kept out .*$/,
    "Zu viele werden ferngehalten oder einzeln eingelassen, als dass sich das sagen ließe. Lass einige der Ferngehaltenen wieder zu, oder mach ein neues Gespräch.",
  ],
  [
    /^This call was locked, and the server has opened it: it has begun .*$/,
    "Dieses Gespräch war abgeschlossen, und der Server hat es geöffnet: Er hat ein anderes begonnen, in dem noch kein Gastgeber etwas gesagt hat. Bis ein Gastgeber es wieder abschließt oder öffnet, lässt dieses Gerät niemanden ein, der nicht schon vorher darin war. Ist kein Gastgeber da, bitte jemanden, der den Link für Gastgeber hat, zu kommen und das Gespräch abzuschließen. Um ohne das Schloss weiterzumachen, verlass das Gespräch und öffne den Link noch einmal.",
  ],
  [
    /^This call was locked, and the server has opened it: (.+) is in it, whom no host has let in\. .*$/,
    "Dieses Gespräch war abgeschlossen, und der Server hat es geöffnet: $1 ist darin, ohne dass ein Gastgeber eingelassen hätte. Sag nichts, was nicht für $1 bestimmt ist, bis ein Gastgeber das Gespräch wieder abgeschlossen hat.",
  ],
  [
    /^This call was locked, and the server has opened it: (.+) is there, whom no host has let in\. .*$/,
    "Dieses Gespräch war abgeschlossen, und der Server hat es geöffnet: $1 ist dort, ohne dass ein Gastgeber eingelassen hätte. Dieses Gerät geht nicht hin, bis ein Gastgeber das Gespräch wieder abgeschlossen oder geöffnet hat. Um trotzdem hinzugehen, verlass das Gespräch und öffne den Link noch einmal.",
  ],
  [
    /^(.+) was removed by a host and is in the call again: .*$/,
    "Ein Gastgeber hatte $1 entfernt, und der Server hat das vergessen: $1 ist wieder im Gespräch. Sag nichts, was nicht für $1 bestimmt ist, bis ein Gastgeber $1 wieder entfernt hat.",
  ],
  [
    /^(.+) was removed by a host and is there again: .*$/,
    "Ein Gastgeber hatte $1 entfernt, und der Server hat das vergessen: $1 ist wieder da. Dieses Gerät geht nicht hin, bis ein Gastgeber wieder etwas gesagt hat. Um trotzdem hinzugehen, verlass das Gespräch und öffne den Link noch einmal.",
  ],
  [
    /^Nobody lets you in\. If this call was locked, .*$/,
    "Niemand lässt dich ein. Wenn dieses Gespräch abgeschlossen war, hat der Server das Schloss verloren, und die anderen halten noch daran fest: Schließ das Gespräch in der Liste der Personen wieder ab, dann kommst du hinein. Wer darin ist, bleibt darin: Sieh nach, wer es ist, sobald du dort bist.",
  ],
  [
    /^The server had lost the lock of this call, .* let in: (.+)\. The call is locked again, .*$/,
    "Der Server hatte das Schloss dieses Gesprächs verloren, und es kamen Leute herein, ohne dass ein Gastgeber eingelassen hätte: $1. Das Gespräch ist wieder abgeschlossen, und sie sind draußen. Sie können warten, bis sie eingelassen werden.",
  ],
  [
    /^What was not confirmed before has come through now\. .*$/,
    "Was vorhin nicht bestätigt war, ist jetzt durchgekommen. Sieh nach, ob du es noch willst.",
  ],
  [
    /^What you wanted as host is not confirmed: .*$/,
    "Was du als Gastgeber wolltest, ist nicht bestätigt: Der Server hat es nicht weitergegeben, und die anderen wissen vielleicht nichts davon. Versuch es noch einmal. Wenn das wieder geschieht, verlass dich nicht darauf: Verlass das Gespräch, und mach ein neues.",
  ],
  [
    /^The server refused what you wanted as host\. .*$/,
    "Der Server hat abgelehnt, was du als Gastgeber wolltest. Versuch es gleich noch einmal.",
  ],
  [/^(.+), a host, muted you\.$/, "$1 hat als Gastgeber dein Mikrofon ausgeschaltet."],
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
  [
    /^This call takes an invitation of your own\. .*$/,
    "Für dieses Gespräch brauchst du eine eigene Einladung. Bitte um einen neuen Link, wer dich eingeladen hat.",
  ],
  [
    /^The server did not accept the invitation in your link\. .*$/,
    "Der Server hat die Einladung in deinem Link nicht angenommen. Bitte um einen neuen Link, wer dich eingeladen hat.",
  ],
  [
    /^The invitation in your link has expired\. .*$/,
    "Die Einladung in deinem Link ist abgelaufen. Bitte um einen neuen Link, wer dich eingeladen hat.",
  ],
  [
    /^It is too early: the invitation .*$/,
    "Es ist zu früh: Die Einladung in deinem Link ist für später. Versuch es dann noch einmal.",
  ],
  [
    /^The invitation in your link is for another call\. .*$/,
    "Die Einladung in deinem Link ist für ein anderes Gespräch. Bitte um den richtigen Link, wer dich eingeladen hat.",
  ],
  [
    /^Nobody is in this call, and your link does not let you begin it\. .*$/,
    "Niemand ist in diesem Gespräch, und beginnen kannst du es mit deinem Link nicht. Versuch es wieder, wenn da ist, wer dich eingeladen hat.",
  ],
  [/^The server refused the call: (?<why>.*)\.$/, "Der Server hat das Gespräch abgelehnt: {why}."],
  [/^The server is full\. .*$/, "Der Server ist voll. Versuch es später wieder."],
  [
    /^This server is about to stop and takes no new calls\. .*$/,
    "Dieser Server hält gleich an und nimmt keine neuen Gespräche an. Versuch es in ein paar Minuten wieder.",
  ],
  [
    /^This server stops within (\d+) seconds\. .*$/,
    "Dieser Server hält in höchstens $1 Sekunden an. Startet er wieder, geht das Gespräch von selbst weiter.",
  ],
  [
    /^Your place in the call is taken: .*$/,
    "Dein Platz im Gespräch ist vergeben: Das Gespräch ist voll. Es wird weiter versucht, bis wieder Platz ist.",
  ],
  [
    /^You lost your place in the call, .*$/,
    "Du hast deinen Platz im Gespräch verloren, und der Server nimmt gerade niemanden neu auf: Er ist voll oder ausgelastet. Es wird weiter versucht, bis wieder Platz ist.",
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
  [
    /^the invitation at the end of this link is incomplete.*$/,
    "Die Einladung am Ende dieses Links ist unvollständig. Bitte um den ganzen Link.",
  ],
];

/** Why something ended or was refused: inside a sentence of `CORE`, or alone. Without a full stop, as in the core. */
export const REASONS: Sentences = [
  [
    /^the host removed this client from the room$/,
    "Ein Gastgeber hat diesen Client aus dem Raum entfernt",
  ],
  [/^the host has ended the call$/, "Ein Gastgeber hat das Gespräch beendet"],
  [
    /^a host keeps this client outside: wait to be let in$/,
    "Ein Gastgeber hält diesen Client draußen: Warte, bis du eingelassen wirst",
  ],
  [
    /^a host keeps this client outside: there is media.*$/,
    "Ein Gastgeber hält diesen Client draußen: Ton und Bild gibt es, sobald er eingelassen ist",
  ],
  [
    /^this commit adds a client that a host keeps outside$/,
    "Dieser Commit nimmt einen Client auf, den ein Gastgeber draußen hält",
  ],
  [
    /^this statement is not built on the host's last one$/,
    "Diese Anweisung baut nicht auf der letzten des Gastgebers auf",
  ],
  [
    /^this room is open to those alone who have a token: .*$/,
    "Dieser Raum ist nur für die offen, die ein Token haben",
  ],
  [
    /^nobody is in this room, and it takes a token .*$/,
    "Niemand ist in diesem Raum, und beginnen kann ihn nur, wer ein Token mit dem Recht dazu hat",
  ],
  [/^the token is for another .*$/, "Das Token ist für etwas anderes"],
  [/^the token gives no right to join$/, "Das Token gibt kein Recht, teilzunehmen"],
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
    /^too many messages in this room: .*$/,
    "Zu viele Nachrichten in diesem Raum, bitte gleich noch einmal versuchen",
  ],
  [
    /^too many people arrive .* at once: .*$/,
    "Zu viele kommen auf einmal an, bitte gleich noch einmal versuchen",
  ],
  [
    /^the server is about to stop and takes no new calls: .*$/,
    "Der Server hält gleich an und nimmt keine neuen Gespräche an",
  ],
  [
    /^the server's network is busy: .*$/,
    "Das Netz des Servers ist ausgelastet, bitte in ein paar Minuten noch einmal versuchen",
  ],
  [
    /^too many commits: try again in a moment$/,
    "Zu viele Commits auf einmal, gleich noch einmal versuchen",
  ],
  [
    /^too many checks: one a second is enough$/,
    "Zu viele Fork-Prüfungen: Eine in der Sekunde genügt",
  ],
  [
    /^asked for TURN servers too often: slow down$/,
    "Zu oft nach TURN-Servern gefragt, bitte langsamer",
  ],
  [/^too many offers: slow down$/, "Zu viele Offers auf einmal, bitte langsamer"],
  [/^at most (\d+) pictures can be shown$/, "Höchstens $1 Bilder können gezeigt werden"],
  [/^at most (\d+) microphones can be heard$/, "Höchstens $1 Mikrofone können gehört werden"],
  [
    /^each microphone to be heard is named once$/,
    "Jedes Mikrofon, das gehört werden soll, wird nur einmal genannt",
  ],
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
    /^the number of a host's statement must rise, and not by too much$/,
    "Die Nummer einer Anweisung des Gastgebers muss steigen, und nicht zu sehr",
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
export const WORDS: readonly string[] =
  "Elefant Schildkröte Krake Krokodil Schmetterling Schnecke Fisch Hahn Eule Pinguin Schlange Kamel Krabbe Pferd Schwein Löwe Kaktus Sonnenblume Kleeblatt Tanne Pilz Banane Trauben Ananas Kirschen Karotte Mais Pizza Käse Ei Brot Donut Auto Fahrrad Rakete Segelboot Zug Hubschrauber Ballon Traktor Haus Burg Zelt Schneemann Vulkan Regenbogen Mond Blitz Anker Schlüssel Glocke Hammer Büroklammer Regenschirm Gitarre Trommel Trompete Krone Diamant Glühbirne Fotoapparat Wecker Geschenk Hut".split(
    " ",
  );
