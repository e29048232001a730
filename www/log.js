// The time line in words: the latest entries first, for reading at leisure, and one polite line for what matters at
// once. The list itself is no live region: a request every second would be read out without end.

import { byId, create, setText } from './elements.js'
import { timeOfDay } from './format.js'

const KEPT = 80

export class Log {
  #list = byId('log')
  #announcement = byId('announcement')

  /**
   * Adds an entry.
   * @param {number} at
   * @param {'request' | 'refresh' | 'state' | 'order' | 'problem'} kind
   * @param {string} text
   */
  add(at, kind, text) {
    const entry = create(
      'li',
      { 'data-kind': kind },
      create('time', { datetime: new Date(at).toISOString(), text: timeOfDay(at) }),
      create('span', { class: 'kind', text: kind }),
      create('span', { class: 'what', text }),
    )
    this.#list.prepend(entry)
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove()
  }

  /**
   * Says something to screen readers, politely.
   * @param {string} text
   */
  announce(text) {
    setText(this.#announcement, text)
  }

  clear() {
    this.#list.replaceChildren()
  }
}
