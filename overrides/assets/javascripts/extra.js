/* Small repairs for assistive technology; nothing on the site depends on them. `document$` is
   Material's: it fires on the first page and after each instant navigation. */
(function () {
  "use strict";

  function repair() {
    // The search is a dialog without a name.
    var search = document.querySelector(".md-search[role=dialog]");
    var query = search && search.querySelector("input[name=query]");
    if (query) search.setAttribute("aria-label", query.getAttribute("aria-label"));

    // Each code block's copy button sits in an unnamed <nav>: not a landmark, only a button.
    document.querySelectorAll(".md-code__nav").forEach(function (nav) {
      nav.setAttribute("role", "none");
    });
  }

  if (window.document$) window.document$.subscribe(repair);
  else repair();
})();
