/** The videos among which one was opened, so that an opened one leads to the next and the previous. */

export interface Queued {
  id: string;
  link: string;
  name: string;
}

class Queue {
  items = $state.raw<Queued[]>([]);
  /** Where the list was. */
  from = $state<string | null>(null);

  set(items: Queued[], from: string): void {
    this.items = items;
    this.from = from;
  }

  around(link: string, id: string): { previous: Queued | null; next: Queued | null; place: number } {
    let place = this.items.findIndex((item) => item.link === link);
    if (place < 0) place = this.items.findIndex((item) => item.id === id);
    if (place < 0) return { previous: null, next: null, place: -1 };
    return { previous: this.items[place - 1] ?? null, next: this.items[place + 1] ?? null, place };
  }
}

export const queue = new Queue();
