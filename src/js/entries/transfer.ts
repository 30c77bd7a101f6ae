/** Moving in and out: what other systems, files and other edgemems have, and giving it out again. On every host. */

export { exportAs } from "../transfer/export.js";
export { importFrom } from "../transfer/import.js";
export type { ImportSource, RandomAccess } from "../transfer/input.js";
export {
  EXPORT_FORMATS,
  IMPORT_FORMATS,
  type Checkpoint,
  type ExportFormat,
  type ExportOptions,
  type ExportProgress,
  type ImportFormat,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  type Refusal,
  type Tally,
} from "../transfer/types.js";
