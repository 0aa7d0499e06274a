import { useId } from "preact/hooks";
import { chooseLanguage, language, languages, text } from "./text.js";

/** Only outside of calls: the page loads anew. */
export function LanguageChoice() {
  const id = useId();
  return (
    <div class="language">
      <label for={id}>{text.language}</label>
      <select
        id={id}
        value={language}
        onChange={event => chooseLanguage(event.currentTarget.value)}
      >
        {languages().map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
