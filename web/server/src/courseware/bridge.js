/* global document, window */
// Runs in the frame of a package, between its pages and ours: the API that SCORM 1.2 packages look for in the windows
// above them. What they set is told to our page by messages, which stores it; what was stored before comes with the
// first one. No package can reach our page in any other way.
(() => {
  const { page, part, start } = document.currentScript.dataset;
  const frame = document.querySelector('iframe');
  const values = {};
  let changed = {};
  let state = 'before';
  let error = '0';

  // The part is said each time: what is set as it is left arrives when the next one is already there.
  const say = (message) => window.parent.postMessage({ ...message, part }, page);
  const fail = (code) => {
    error = code;
    return 'false';
  };
  const done = () => {
    error = '0';
    return 'true';
  };
  const children = {
    'cmi.core._children':
      'student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,lesson_mode,exit,session_time',
    'cmi.core.score._children': 'raw,min,max',
    'cmi.objectives._children': 'id,score,status',
    'cmi.interactions._children': 'id,type,time,weighting,student_response,result,latency',
  };
  const readOnly = ['cmi.core.student_id', 'cmi.core.student_name', 'cmi.core.credit', 'cmi.core.entry'];
  readOnly.push('cmi.core.total_time', 'cmi.core.lesson_mode', 'cmi.launch_data');
  const writeOnly = ['cmi.core.exit', 'cmi.core.session_time'];
  const statuses = ['passed', 'completed', 'failed', 'incomplete', 'browsed', 'not attempted'];

  function count(name) {
    const list = name.slice(0, -'_count'.length);
    const found = Object.keys(values).flatMap((key) => {
      const index = key.startsWith(list) ? Number.parseInt(key.slice(list.length), 10) : NaN;
      return Number.isInteger(index) ? [index] : [];
    });
    return String(found.length === 0 ? 0 : Math.max(...found) + 1);
  }

  function flush() {
    if (Object.keys(changed).length > 0) say({ kind: 'keshi.commit', cmi: changed });
    changed = {};
  }

  window.API = {
    LMSInitialize: (parameter) => {
      if (parameter !== '') return fail('201');
      if (state !== 'before') return fail('101');
      state = 'running';
      if ((values['cmi.core.lesson_status'] ?? 'not attempted') === 'not attempted')
        changed['cmi.core.lesson_status'] = values['cmi.core.lesson_status'] = 'incomplete';
      return done();
    },
    LMSGetValue: (name) => {
      if (state !== 'running') return fail('301') && '';
      error = '0';
      if (children[name] !== undefined) return children[name];
      if (writeOnly.includes(name)) return fail('404') && '';
      if (name.endsWith('._count')) return count(name);
      return values[name] ?? '';
    },
    LMSSetValue: (name, given) => {
      const value = String(given);
      if (state !== 'running') return fail('301');
      if (!/^cmi\.[a-z0-9_.]{1,120}$/.test(name)) return fail('201');
      if (name.endsWith('._children') || name.endsWith('._count')) return fail('402');
      if (readOnly.includes(name)) return fail('403');
      if (value.length > 4096) return fail('405');
      if (name === 'cmi.core.lesson_status' && !statuses.includes(value)) return fail('405');
      values[name] = value;
      changed[name] = value;
      return done();
    },
    LMSCommit: () => {
      if (state !== 'running') return fail('301');
      flush();
      return done();
    },
    LMSFinish: () => {
      if (state !== 'running') return fail('301');
      flush();
      state = 'after';
      say({ kind: 'keshi.finished' });
      return done();
    },
    LMSGetLastError: () => error,
    LMSGetErrorString: (code) =>
      ({ 0: 'No error', 101: 'General exception', 201: 'Invalid argument', 301: 'Not initialized' })[code] ??
      (code === '' ? '' : 'Data model error'),
    LMSGetDiagnostic: (code) => String(code || error),
  };

  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.origin !== page) return;
    if (event.data?.kind !== 'keshi.begin' || frame.src !== '') return;
    Object.assign(values, event.data.cmi);
    frame.src = start;
  });
  // Whatever was set and not committed when the page is left.
  window.addEventListener('pagehide', flush);
  say({ kind: 'keshi.ready' });
})();
