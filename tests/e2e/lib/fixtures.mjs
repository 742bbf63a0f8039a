// Small files to send.
import { createHash } from 'node:crypto';

// A PNG of one red pixel.
export const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA'
    + 'hKmMIQAAAABJRU5ErkJggg==', 'base64');

// A PDF with one empty page.
export const pdf = Buffer.from(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`);

// As the emulator speaks of bytes that reached it.
export function seen(media, bytes) {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    return `${media}, ${bytes.length} bytes, sha256 ${hash}.`;
}

export const dataUrl = (media, bytes) => `data:${media};base64,${bytes.toString('base64')}`;
