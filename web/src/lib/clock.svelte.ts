// The time of day, for "5 min ago" and running durations; it moves every second while the page is seen.

class Clock {
  now_ms = $state(Date.now());
  constructor() {
    window.setInterval(() => {
      if (document.visibilityState === 'visible') this.now_ms = Date.now();
    }, 1000);
  }
}

export const clock = new Clock();
