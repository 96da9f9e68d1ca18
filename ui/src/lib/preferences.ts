// Theme and language. They follow the browser; a choice lasts as long as the page, because nothing is kept in the
// browser.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "dark" | "light";
export type Language = "en" | "de";

const listeners = new Set<() => void>();
let chosenTheme: Theme = "system";
let chosenLanguage: Language = window.navigator.language.startsWith("de") ? "de" : "en";

function tell(): void {
  for (const listener of listeners) listener();
}

export function theme(): Theme {
  return chosenTheme;
}

export function setTheme(next: Theme): void {
  chosenTheme = next;
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  window.dispatchEvent(new Event("np-theme"));
}

export function language(): Language {
  return chosenLanguage;
}

/** The language, for whoever shows everything anew when it changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosenLanguage,
  );
}

/** To be called once the texts of the language are there. */
export function setLanguage(next: Language): void {
  chosenLanguage = next;
  tell();
}
