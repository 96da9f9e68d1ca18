// Theme and language. They follow the browser until somebody chooses; a choice is kept in this browser and holds in
// all its tabs. `public/start.js` reads the theme before anything is painted.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "dark" | "light";
export type Language = "en" | "de";

const THEME = "np-theme";
const LANGUAGE = "np-language";
const KEYS = "np-keys";
const listeners = new Set<() => void>();
let chosenTheme: Theme = themeOf(kept(THEME));
let chosenLanguage: Language =
  languageOf(kept(LANGUAGE)) ?? (window.navigator.language.startsWith("de") ? "de" : "en");

/** What was kept; nothing where the browser keeps nothing. */
function kept(name: string): string | null {
  try {
    return window.localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined) window.localStorage.removeItem(name);
    else window.localStorage.setItem(name, value);
  } catch {
    // The choice lasts as long as the page.
  }
}

function themeOf(text: string | null): Theme {
  return text === "dark" || text === "light" ? text : "system";
}

function languageOf(text: string | null): Language | undefined {
  return text === "de" || text === "en" ? text : undefined;
}

/** The theme, for whoever shows which one is chosen. */
export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener("np-theme", listener);
      return () => window.removeEventListener("np-theme", listener);
    },
    () => chosenTheme,
  );
}

function show(next: Theme): void {
  chosenTheme = next;
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  window.dispatchEvent(new Event("np-theme"));
}

export function setTheme(next: Theme): void {
  show(next);
  keep(THEME, next === "system" ? undefined : next);
}

/** Calls back with the language when another tab chooses one; themes are taken over at once. */
export function onOtherTab(speak: (language: Language) => void): void {
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === THEME) show(themeOf(newValue));
    const next = key === LANGUAGE ? languageOf(newValue) : undefined;
    if (next !== undefined && next !== chosenLanguage) speak(next);
  });
}

/** Whether single keys do something. */
export function areKeysOn(): boolean {
  return kept(KEYS) !== "off";
}

export function setKeysOn(are: boolean): void {
  keep(KEYS, are ? undefined : "off");
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
  for (const listener of listeners) listener();
}

/** Somebody chose a language: it is kept. */
export function keepLanguage(next: Language): void {
  keep(LANGUAGE, next);
}
