// The same figures in Firefox, as far as it tells them: it says nothing of
// memory, and each page is not new to it.
import { Browser } from '../e2e/support/webdriver.mjs';

export class Firefox {
  #browser;
  #origin;

  static async launch(origin) {
    const firefox = new Firefox();
    firefox.#origin = origin;
    firefox.#browser = await Browser.launch('Firefox');
    return firefox;
  }

  async fresh(work, argument) {
    const tab = await this.#browser.open();
    try {
      await tab.goto(`${this.#origin}/`);
      return await tab.evaluate(work, argument);
    } finally {
      await tab.close();
    }
  }

  close() {
    return this.#browser.close();
  }
}
