/* Small repairs; the site works without them. `document$` is Material's: it fires on the first page
   and after each instant navigation. */
(function () {
  "use strict";

  /* The language link follows instant navigation, which leaves the header as it was, and keeps the
     section: headings have the same ids in both languages. */
  function languageLink() {
    var link = document.querySelector(".kshare-language a[data-root]");
    if (!link) return function () {};
    var own = new URL(link.dataset.root, location.href).href;
    var other = new URL(link.dataset.otherRoot, location.href).href;
    function follow() {
      var here = location.origin + location.pathname + location.hash;
      if (here.startsWith(own)) link.href = other + here.slice(own.length);
    }
    ["pointerenter", "focus", "click"].forEach(function (event) {
      link.addEventListener(event, follow);
    });
    return follow;
  }

  /* What is scrolled sideways can be reached by keys, as long as it is too narrow for its table. */
  var scrolled = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var box = entry.target;
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  });

  function repair() {
    scrolled.disconnect();
    document.querySelectorAll(".md-typeset__scrollwrap").forEach(function (box) {
      scrolled.observe(box);
    });

    // The search is a dialog without a name.
    var search = document.querySelector(".md-search[role=dialog]");
    var query = search && search.querySelector("input[name=query]");
    if (query) search.setAttribute("aria-label", query.getAttribute("aria-label"));

    // Each code block's copy button sits in an unnamed <nav>: no landmark, only a button.
    document.querySelectorAll(".md-code__nav").forEach(function (nav) {
      nav.setAttribute("role", "none");
    });
  }

  /* The way past the navigation leads the keys there too, also where instant navigation has taken
     the click over. */
  document.addEventListener("click", function (event) {
    var skip = event.target.closest(".md-skip");
    var target = skip && document.getElementById(decodeURIComponent(skip.hash.slice(1)));
    if (!target) return;
    target.tabIndex = -1;
    target.focus();
  });

  /* The scheme is switched by radio buttons, of which the checked one has the focus: Space does
     nothing to it. It shall do what Enter does. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== " " || event.target.name !== "__palette") return;
    event.preventDefault();
    var inputs = [].slice.call(document.getElementsByName("__palette"));
    var next = inputs[(inputs.indexOf(event.target) + 1) % inputs.length];
    next.click();
    next.focus();
  });

  /* A host shows one 404 page for all languages: that of the address comes first. */
  function missing() {
    var parts = document.querySelectorAll(".kshare-missing");
    if (parts.length < 2) return;
    var homes = [].map.call(parts, function (part) {
      return new URL(part.querySelector("a").href).pathname;
    });
    var inside = homes[1].length > homes[0].length && location.pathname.startsWith(homes[1]);
    if (inside) parts[0].before(parts[1]);
  }

  missing();
  var follow = languageLink();
  function update() {
    follow();
    repair();
  }

  if (window.document$) window.document$.subscribe(update);
  else update();
})();
