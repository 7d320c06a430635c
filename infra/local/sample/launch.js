// Submits the form once the page is visible: a browser may prerender it. Without
// scripts, the button does it.
const submit = () => document.getElementById("launch").requestSubmit();
if (document.prerendering) {
  document.addEventListener("prerenderingchange", submit, { once: true });
} else {
  submit();
}
