/** The words of what hosts see, in German. */
import type { HostTexts } from "./text.js";

export const hostText: HostTexts = {
  title: "Du bist Gastgeber",
  lock: "Gespräch abschließen",
  lockHint: "Wer jetzt kommt, wartet, bis ein Gastgeber einlässt.",
  waiting: count => (count === 1 ? "1 Person wartet" : `${count} Personen warten`),
  waitingHint: "Sie haben den Link. Jeden Namen kann sich jeder geben: Sieh auf die Zeichen.",
  unfit: "Ein Programm, das nicht eingelassen werden kann",
  admit: "Einlassen",
  admitAll: "Alle einlassen",
  refuse: "Abweisen",
  barred: "Entfernt",
  nobody: "Jemand",
  letBack: "Wieder zulassen",
  mute: "Mikrofon ausschalten",
  remove: "Entfernen",
  removeTitle: name => `${name} entfernen?`,
  removeExplain:
    "Die Person verlässt das Gespräch sofort und kann mit diesem Gerät nicht zurück, wenn kein Gastgeber sie wieder zulässt. Wer den Link hat, kann mit einem anderen Gerät kommen: Um jemanden sicher fernzuhalten, schließ das Gespräch ab oder mach ein neues.",
  keep: "Abbrechen",
  ofPerson: (action, name) => `${action}: ${name}`,
  endTitle: "Gespräch für alle beenden?",
  endExplain: "Alle verlassen es sofort. Wer den Link später öffnet, beginnt ein neues Gespräch.",
  end: "Gespräch beenden",
  leaveTitle: "Gespräch abgeschlossen verlassen?",
  leaveExplain:
    "Du bist der einzige Gastgeber hier. Solange das Gespräch abgeschlossen und kein Gastgeber darin ist, kann niemand eingelassen werden, und wer länger die Verbindung verliert, kommt nicht zurück.",
  unlockAndLeave: "Aufschließen und verlassen",
  leaveLocked: "Abgeschlossen lassen",
  unlocking: "Wird aufgeschlossen…",
  linkTitle: "Jemanden zum Gastgeber machen",
  linkExplain:
    "Wer diesen anderen Link hat, kann alles, was du kannst: das Gespräch abschließen, Personen entfernen, auch dich, und es beenden. Das lässt sich nicht zurücknehmen.",
  copyLink: "Link für Gastgeber kopieren",
  copied: "Link für Gastgeber kopiert. Schick ihn nur denen, denen du all das anvertraust.",
};
