/** A package as authoring tools make them: two parts, each a frame whose page looks for the API in the windows above it. */
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

const manifest = `<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="demo" version="1.2">
  <organizations default="o"><organization identifier="o"><title>x</title>
    <item identifier="one" identifierref="r"><title>停电与验电</title></item>
    <item identifier="two" identifierref="r" parameters="?part=2"><title>装设接地线</title></item></organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="frame.html"/></resources>
</manifest>`;

const frame = '<!doctype html><iframe src="lesson.html" style="width:100%;height:90vh"></iframe>';

const lesson = `<!doctype html><meta charset="utf-8"><h1>课件</h1><p id="place"></p>
<button id="next">下一页</button><button id="done">完成</button>
<p id="outside"></p>
<script>
  function find(view) { while (!view.API && view.parent !== view) view = view.parent; return view.API; }
  const api = find(window);
  api.LMSInitialize('');
  let page = Number(api.LMSGetValue('cmi.core.lesson_location') || 1);
  const show = () => (document.getElementById('place').textContent = '第 ' + page + ' 页');
  show();
  document.getElementById('next').onclick = () => {
    page += 1; show();
    api.LMSSetValue('cmi.core.lesson_location', page);
    api.LMSCommit('');
  };
  document.getElementById('done').onclick = () => {
    api.LMSSetValue('cmi.core.lesson_status', 'completed');
    api.LMSFinish('');
  };
  let reached = 'nothing';
  try { reached = top.document.title; } catch { reached = 'nothing'; }
  document.getElementById('outside').textContent = reached + ' ' + document.cookie.length;
</script>`;

/** The package's bytes. */
export function scormPackage(): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries({
    'imsmanifest.xml': manifest,
    'frame.html': frame,
    'lesson.html': lesson,
  }))
    zip.addBuffer(Buffer.from(text), name);
  zip.end();
  return buffer(zip.outputStream);
}
