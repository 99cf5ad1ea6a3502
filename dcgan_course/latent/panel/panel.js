(function start(mark, tries) {
  // What ipywidgets lacks: names for screen readers, and a double click that resets a slider.
  const root = mark.closest('.dcgan-explorer');
  if (!root) {
    if (tries) setTimeout(() => start(mark, tries - 1), 100);
    return;
  }
  if (root.dataset.ready) return;
  root.dataset.ready = 'yes';

  function nameOf(slider) {
    const own = slider.querySelector('.widget-label');
    const typed = slider.closest('.dx-row')?.querySelector('input[type=text]');
    return typed ? typed.value || typed.placeholder : own ? own.textContent : '';
  }

  function describe() {
    for (const slider of root.querySelectorAll('.widget-slider')) {
      const handle = slider.querySelector('.noUi-handle, .ui-slider-handle');
      if (!handle) continue;
      handle.setAttribute('aria-label', nameOf(slider));
      if (handle.classList.contains('ui-slider-handle')) {
        handle.setAttribute('role', 'slider');
        handle.setAttribute('aria-valuenow', slider.querySelector('.widget-readout')?.textContent);
      }
    }
    for (const field of root.querySelectorAll('.dx-name input')) {
      field.setAttribute('aria-label', 'name of ' + field.placeholder);
    }
    for (const button of root.querySelectorAll('.widget-toggle-button')) {
      button.setAttribute('aria-pressed', button.classList.contains('mod-active'));
    }
    const classes = root.querySelector('.dx-class-buttons');
    classes?.setAttribute('role', 'group');
    classes?.setAttribute('aria-label', 'class to draw');
    root.querySelector('.dx-second select')?.setAttribute('aria-label', 'class to mix in');
    const picture = root.querySelector('img.dx-picture');
    const words = root.querySelector('.dx-alt');
    if (picture && words) picture.alt = words.textContent.trim();
    root.querySelector('.dx-message')?.setAttribute('aria-live', 'polite');
  }

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; describe(); }, 200);
  }).observe(root, { childList: true, subtree: true, characterData: true });
  describe();

  root.addEventListener('dblclick', (event) => {
    if (!event.target.closest('.widget-slider .slider-container, .widget-slider .slider')) return;
    event.target.closest('.dx-row')?.querySelector('button.dx-reset')?.click();
  });
})(this, 100)
