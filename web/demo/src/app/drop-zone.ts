// SPDX-License-Identifier: Apache-2.0
import { byId } from './dom.js';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** The whole page takes files. */
export function takeDrops(onFile: (file: File) => void): void {
  const overlay = byId('drop', HTMLElement);
  // Every child that the pointer crosses sends an enter and a leave.
  let depth = 0;
  const show = (isShown: boolean): void => {
    if (!isShown) depth = 0;
    overlay.hidden = !isShown;
  };
  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth++;
    show(true);
  });
  addEventListener('dragleave', (event) => {
    if (hasFiles(event) && --depth <= 0) show(false);
  });
  addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(false);
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  });
}
