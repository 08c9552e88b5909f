/** What this browser remembers; without storage, nothing. */

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`kinodex.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`kinodex.${name}`);
    else localStorage.setItem(`kinodex.${name}`, value);
  } catch {
    // It is then forgotten with the page.
  }
}
