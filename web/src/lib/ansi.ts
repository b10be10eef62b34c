// Console lines as a terminal would show them: colours of the basic palette, and only what is left after `\r`.

export interface Piece {
  text: string;
  /** Class names: `fg-0`…`fg-7`, `bold`, `dim`; empty for plain text. */
  style: string;
}

/** A line rewritten by carriage returns (a progress bar) ends as its last version. */
export function foldReturns(line: string): string {
  const trimmed = line.replace(/[\r\n]+$/, '');
  const cut = trimmed.lastIndexOf('\r');
  return cut < 0 ? trimmed : trimmed.slice(cut + 1);
}

// eslint-disable-next-line no-control-regex
const kEscape = /\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]/g;

export function parseAnsi(line: string): Piece[] {
  const text = foldReturns(line);
  if (!text.includes('\x1b')) return [{ text, style: '' }];
  const pieces: Piece[] = [];
  let color = '';
  let weight = '';
  let from = 0;
  const push = (part: string) => {
    if (part) pieces.push({ text: part, style: [color, weight].filter(Boolean).join(' ') });
  };
  for (const match of text.matchAll(kEscape)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] !== 'm') continue;
    const codes = (match[1] ?? '').split(';').map(Number);
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i]!;
      if (code === 0) color = weight = '';
      else if (code === 1) weight = 'bold';
      else if (code === 2) weight = 'dim';
      else if (code === 22) weight = '';
      else if (code >= 30 && code <= 37) color = `fg-${code - 30}`;
      else if (code >= 90 && code <= 97) color = `fg-${code - 90}`;
      else if (code === 39) color = '';
      else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
  push(text.slice(from));
  return pieces;
}

export function plainText(line: string): string {
  return parseAnsi(line)
    .map((piece) => piece.text)
    .join('');
}
