// A panel as a file: rows as CSV, a chart or a table as a picture on the ground of the theme.
import { tokenColour, type Line } from '$kit';

export function saveBlob(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export const fileName = (...words: readonly string[]): string => words.join(' ').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '');

const family = () => getComputedStyle(document.body).fontFamily;

interface Sheet {
  ctx: CanvasRenderingContext2D;
  write(text: string, x: number, y: number, how?: { token?: string; strong?: boolean; right?: boolean; size?: number }): number;
}
/** A canvas in CSS pixels, drawn as finely as `ratio` says. */
function sheet(width: number, height: number, ratio: number): Sheet & { canvas: HTMLCanvasElement } {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext('2d')!;
  ctx.scale(ratio, ratio);
  ctx.fillStyle = tokenColour('--bg');
  ctx.fillRect(0, 0, width, height);
  ctx.textBaseline = 'middle';
  const write: Sheet['write'] = (text, x, y, { token = '--ink', strong = false, right = false, size = 12 } = {}) => {
    ctx.font = `${strong ? 600 : 400} ${size}px ${family()}`;
    ctx.fillStyle = tokenColour(token);
    ctx.textAlign = right ? 'right' : 'left';
    ctx.fillText(text, x, y);
    return ctx.measureText(text).width;
  };
  return { canvas, ctx, write };
}

const blobOf = (canvas: HTMLCanvasElement): Promise<Blob> => new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('This browser could not make the picture.'))), 'image/png'));

/** Title, legend and plot. */
export function chartPicture(title: string, note: string, lines: readonly Line[], plot: HTMLCanvasElement): Promise<Blob> {
  const ratio = devicePixelRatio || 1;
  const width = plot.width / ratio + 32;
  const named = lines.filter((line) => line.name);
  const head = named.length ? 64 : 40;
  const { canvas, ctx, write } = sheet(width, plot.height / ratio + head + 12, ratio);
  const wide = write(title, 16, 22, { strong: true, size: 13 });
  write(note, 16 + wide + 10, 22, { token: '--ink-2' });
  let x = 16;
  for (const line of named) {
    ctx.fillStyle = tokenColour(line.colour);
    ctx.fillRect(x, 42, 8, 8);
    x += 14 + write(line.name, x + 14, 46, { token: '--ink-2' }) + 12;
  }
  ctx.drawImage(plot, 16, head, plot.width / ratio, plot.height / ratio);
  return blobOf(canvas);
}

/** A table: names at the left, figures at the right of their columns. */
export function tablePicture(title: string, note: string, head: readonly string[], rows: readonly (readonly string[])[]): Promise<Blob> {
  const shown = rows.slice(0, 50);
  const [first, other] = [240, 120];
  const width = 32 + first + other * (head.length - 1);
  const { canvas, ctx, write } = sheet(width, 76 + shown.length * 28, devicePixelRatio || 1);
  const wide = write(title, 16, 22, { strong: true, size: 13 });
  write(note, 16 + wide + 10, 22, { token: '--ink-2' });
  const line = (cells: readonly string[], y: number, token: string) => {
    cells.forEach((cell, at) => write(at || cell.length < 36 ? cell : `${cell.slice(0, 35)}…`, at ? 16 + first + other * at : 16, y, { token, right: at > 0, size: token === '--ink-3' ? 11 : 12 }));
    ctx.fillStyle = tokenColour('--line');
    ctx.fillRect(0, y + 14, width, 1);
  };
  line(head, 50, '--ink-3');
  shown.forEach((row, at) => line(row, 78 + at * 28, '--ink'));
  return blobOf(canvas);
}
