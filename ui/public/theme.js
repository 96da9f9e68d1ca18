// The theme somebody chose, before anything is painted. The rest is in src/lib/preferences.ts.
try {
  const theme = window.localStorage.getItem("np-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing is kept here: as the system has it.
}
