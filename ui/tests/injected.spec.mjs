// Every page over a server into which tests/system/hostile_text.py has put scripts wherever a program can put text: nothing of
// it may run, load, navigate or break a page. Under the real server's content security policy only (PAWL_INJECTED_URL).
import { assert, eventually, test } from './harness.mjs';

const traceId = (number) => number.toString(16).padStart(32, '0');
const spanId = (number) => number.toString(16).padStart(16, '0');
/** A run of each of some texts, and one run that holds them all. */
const alone = [0xb00, 0xb02, 0xb06, 0xb13, 0xb1b], together = 0xa11;

/** What must never happen, noted as it happens. */
async function watch(page, context, base) {
  const seen = [];
  await context.exposeFunction('boom', () => seen.push('a script ran'));
  await context.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)));
  page.on('dialog', (dialog) => { seen.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on('popup', (popup) => seen.push(`a window opened: ${popup.url()}`));
  page.on('download', (download) => seen.push(`a download began: ${download.url()}`));
  page.on('framenavigated', (frame) => { if (frame !== page.mainFrame() || !/^(about:blank|http:\/\/127)/.test(frame.url())) seen.push(`a frame went to ${frame.url()}`); });
  page.on('request', (request) => { if (!request.url().startsWith(base) && !request.url().startsWith('data:') && !request.url().startsWith('blob:')) seen.push(`asked for ${request.url()}`); });
  return seen;
}

async function enter({ page, context, go, base }) {
  const seen = await watch(page, context, base);
  await go('/');
  await page.getByLabel('Email').fill('root@example.com');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return seen;
}

const settled = (page) => page.waitForLoadState('networkidle').catch(() => {});
const boxed = async (page) => assert.ok(await page.locator('#app').isVisible(), 'the page is gone');

/** Clicks all that match, one after the other, and lets the page draw in between; what vanishes meanwhile is passed over. */
async function clickAll(page, selector, most) {
  for (let at = 0; at < most; at++) {
    const more = await page.evaluate(([selector, at]) => {
      const found = document.querySelectorAll(selector)[at];
      found?.click();
      return !!found;
    }, [selector, at]);
    if (!more) return;
    await page.waitForTimeout(25);
  }
}

test('lists, columns, facets, completion and side panel show it as text', async (given) => {
  const { page, go } = given;
  const seen = await enter(given);
  for (const place of ['sessions', 'traces', 'spans']) {
    await go(`/${place}?last=7d`);
    await page.locator('[role="grid"] .r[aria-selected]').first().waitFor();
    for (let step = 0; step < 8; step++) {
      await page.mouse.wheel(0, 600);
      await page.keyboard.press('j');
    }
    await page.keyboard.press('Space');
    await settled(page);
    await clickAll(page, 'aside [role="tab"]', 6);
  }
  await go('/sessions?last=7d');
  for (const typed of ['agent=', 'model=', 'tool=', 'user=', 'session=', 'attr.']) {
    await page.keyboard.press('/');
    await page.keyboard.type(typed, { delay: 5 });
    await settled(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
  }
  await page.keyboard.press('Control+k');
  await page.keyboard.type('@<s');
  await settled(page);
  await boxed(page);
  assert.deepEqual(seen, []);
}, { server: 'injected', noise: /401/ });

test('a replay shows it as text, in every pane and tab', async (given) => {
  const { page, go } = given;
  const seen = await enter(given);
  const walk = async (most, open) => {
    const places = new Set();
    for (let step = 0; step < most; step++) {
      if (open) await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await page.waitForTimeout(100);
      await clickAll(page, '[data-pane="details"] [role="tab"]', 6);
      places.add(await page.evaluate(() => {
        const items = [...document.querySelectorAll('[role="treeitem"]')], at = items.findIndex((item) => item.getAttribute('aria-selected') === 'true');
        return `${at} ${items[at]?.textContent}`;
      }));
    }
    assert.ok(places.size > most / 2, `only ${places.size} steps were looked at`);
    await clickAll(page, 'main [aria-expanded="false"]', 30);
    await boxed(page);
  };
  for (const number of alone) {
    await go(`/traces/${traceId(number)}?span=${spanId((number - 0xb00) * 16 + 1)}`);
    await page.getByRole('treeitem').first().waitFor();
    await walk(4, false);
    assert.deepEqual(seen, [], `at trace ${number}`);
  }
  await go(`/traces/${traceId(together)}?span=${spanId(together)}`);
  await page.getByRole('treeitem').first().waitFor();
  await walk(130, true);
  assert.deepEqual(seen, []);
  await go(`/traces/${traceId(alone[0])}`);
  await eventually(async () => assert.match(await page.locator('main').innerText(), /<script>boom\(\)<\/script>/));
}, { server: 'injected', noise: /401/ });

test('settings and what is nowhere show it as text', async (given) => {
  const { page, go } = given;
  const seen = await enter(given);
  await go('/settings');
  await page.getByText('pk_').first().waitFor();
  await clickAll(page, 'main [role="tab"], main nav a', 8);
  await settled(page);
  for (const path of ['/sessions/%3Cscript%3Eboom()%3C%2Fscript%3E', '/%3Cimg%20src%3Dx%20onerror%3Dboom()%3E', '/sessions?filter=%3Csvg%20onload%3Dboom()%3E', '/sessions?filter=agent%3D%22%3Cimg%20src%3Dx%20onerror%3Dboom()%3E%22', '/?refused=%3Cscript%3Eboom()%3C/script%3E',
    '/traces?columns=__proto__,constructor&order=%3Cb%3E', '/setup#<img src=x onerror=boom()>', '/join#<img src=x onerror=boom()>']) {
    await go(path);
    await settled(page);
    await boxed(page);
  }
  assert.deepEqual(seen, []);
}, { server: 'injected', noise: /401|404|400|403/ });
