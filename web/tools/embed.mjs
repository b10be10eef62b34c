// Turns a built page into what the program is linked with: every file compressed, and one C++ source that lists
// them. The bytes are taken in by the assembler, which is quicker than compiling them as numbers.
//
//   node tools/embed.mjs DIST OUT
//
// writes OUT/*.gz and OUT/assets.cc. The source holds the hash of each file, so a change of a file changes it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const kMimes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

const [dist, out] = process.argv.slice(2).map((path) => resolve(path));

function filesBelow(folder, prefix = '') {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path, `${prefix}${name}/`) : [prefix + name];
    });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const assets = filesBelow(dist).map((path, index) => {
  const bytes = readFileSync(join(dist, path));
  const mime = kMimes[extname(path)];
  if (!mime) throw new Error(`embed.mjs: no media type is known for ${path}: add its ending to kMimes`);
  const file = join(out, `${index}.gz`);
  writeFileSync(file, gzipSync(bytes, { level: 9 }));
  const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  return { index, path, mime, file, etag, isHashed: path.startsWith('assets/') };
});
if (!assets.some((asset) => asset.path === 'index.html')) throw new Error(`embed.mjs: ${dist} holds no index.html`);

const text = (value) => JSON.stringify(value);
const included = assets.map(
  ({ index, file }) => `asm(R"(
.section .rodata
.global regatta_web_asset_${index}
.global regatta_web_asset_${index}_end
regatta_web_asset_${index}:
.incbin ${text(file)}
regatta_web_asset_${index}_end:
.byte 0
.previous
)");
extern "C" const char regatta_web_asset_${index}[];
extern "C" const char regatta_web_asset_${index}_end[];
`,
);
const rows = assets.map(
  ({ index, path, mime, etag, isHashed }) =>
    `    {${text('/' + path)}, ${text(mime)}, Bytes(regatta_web_asset_${index}, regatta_web_asset_${index}_end), ${text(`"${etag}"`)}, ${isHashed}},`,
);
writeFileSync(
  join(out, 'assets.cc'),
  `// Written by web/tools/embed.mjs from the built page.
#include "regatta/web_assets/assets.h"

#include <array>

${included.join('')}
namespace regatta::web_assets {
namespace {
std::string_view Bytes(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }
}  // namespace

std::span<const Asset> Assets() {
  static const std::array<Asset, ${assets.length}> kAssets{{
${rows.join('\n')}
  }};
  return kAssets;
}

const Asset* FindAsset(std::string_view path) {
  for (const Asset& asset : Assets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

}  // namespace regatta::web_assets
`,
);
