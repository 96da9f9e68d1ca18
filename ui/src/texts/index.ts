// Every text of the UI. English comes with the page; another language is loaded before the first render.
import { keepLanguage, type Language, setLanguage } from "../lib/preferences";
import { en } from "./en";

export type Texts = typeof en;

/** The texts of the chosen language; read it where something is rendered, never while a module is loaded. */
export let t: Texts = en;

/** Goes over to a language; the page is shown anew with its texts. */
export async function speak(language: Language): Promise<void> {
  t = language === "de" ? (await import("./de")).de : en;
  document.documentElement.lang = language;
  setLanguage(language);
}

/** Goes over to the language somebody chose, and keeps the choice. */
export async function choose(language: Language): Promise<void> {
  keepLanguage(language);
  await speak(language);
}
