/** CRC-32 (IEEE 802.3) of bytes. Node brings a fast one from 20.15 and 22.2 on; before that, a table. */

import zlib from "node:zlib";

type Crc32 = (bytes: Uint8Array, start?: number) => number;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The fallback, exported so that it can be tested against Node's own. */
export const crc32ByTable: Crc32 = (bytes, start = 0) => {
  let value = ~start;
  for (let at = 0; at < bytes.length; at++) value = (value >>> 8) ^ TABLE[(value ^ bytes[at]!) & 255]!;
  return ~value >>> 0;
};

/** The checksum of `bytes`, continuing from the checksum `start` of what came before them. */
export const crc32: Crc32 = (zlib as { crc32?: Crc32 }).crc32 ?? crc32ByTable;
