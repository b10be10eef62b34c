// Light, dark, or as the system has it.

export type Theme = 'system' | 'light' | 'dark';

const kName = 'regatta.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

class Themes {
  choice = $state<Theme>(read());
  systemIsDark = $state(dark.matches);
  isDark = $derived(this.choice === 'dark' || (this.choice === 'system' && this.systemIsDark));

  constructor() {
    dark.addEventListener('change', (event) => (this.systemIsDark = event.matches));
  }

  choose(theme: Theme): void {
    this.choice = theme;
    try {
      localStorage.setItem(kName, theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
}

function read(): Theme {
  try {
    const kept = localStorage.getItem(kName);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

export const themes = new Themes();

/** The value of a colour token in the current theme, for canvases. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
