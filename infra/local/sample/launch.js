// Goes on at once where a person looks at the page: a browser may render it
// before that, and without scripts the button is there.
const goOn = () => document.getElementById("launch").requestSubmit();
if (document.prerendering) {
  document.addEventListener("prerenderingchange", goOn, { once: true });
} else {
  goOn();
}
