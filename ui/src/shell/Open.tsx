// The frame of the pages that ask for no session: the mark, one card, and what the product is.
import { Outlet } from "@tanstack/react-router";
import { Mark } from "../components/Icon";
import { serverUrl } from "../lib/base";
import { type Language, language } from "../lib/preferences";
import { choose, t } from "../texts";

export function Open() {
  return (
    <div className="open">
      <header className="open-brand">
        <Mark size={34} />
        <span>NovaPulse</span>
      </header>
      <main className="open-card">
        <Outlet />
      </main>
      <footer className="open-foot">
        <a href={serverUrl("docs")}>{t.shell.docs}</a>
        <label>
          <span className="hidden">{t.shell.language}</span>
          <select value={language()} onChange={(event) => void choose(event.target.value as Language)}>
            <option value="en">English</option>
            <option value="de">Deutsch</option>
          </select>
        </label>
      </footer>
    </div>
  );
}
