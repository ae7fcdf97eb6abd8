/* Material's search worker, asked better and with its hits in a better order.

   By itself it cuts a Chinese query greedily and never looks at the last character, reads "--pid"
   as "without pid", lets a rare word that begins like the query outweigh the query, and shows the
   beginning of a long paragraph whether the word is there or not. So the query is put to it as
   whole words of its own index; what comes back is ordered by how much of the query it has, and
   shown by the sentence that has most of it.

   `?of=` names Material's worker, which this one loads: see overrides/main.html. The messages are
   Material's: a number for what they are, and data. Without a network the page loads this as a
   script of a frame (npm's iframe-worker), hence `document`. */
(function () {
  "use strict";

  const SETUP = 0, QUERY = 2, RESULT = 3;
  const EXACT = 8; // what a whole word weighs, against one that only begins so or, in Chinese, has it within
  const EXCERPT = 120;

  /* Words that are on every page and tell none apart; asked for where there are no others. */
  const COMMON = new Set(
    ("a an and are at be by can do does for from have how in is it its me my of on or so than that the this to use " +
      "used using vs was what when where which why with " +
      "几 几种 有几 种 多少 的 了 是 和 与 及 或 在 有 吗 呢 吧 么 什么 怎么 怎样 如何 为什么 为何 哪 哪个 哪些 哪里 谁 这 那 就 都 也 还 不 没 " +
      "没有 到 从 用 被 把 对 会 能 要 可以 之间 一个 我 我的 你").split(" "),
  );
  const HAN = /\p{sc=Han}+/gu;

  let separator; // of the index: what stands between two words
  let pages; // by address: what the index knows of a page or a section, as plain text
  let known; // the Chinese words of its texts
  let keywords; // those of its keywords, which may be several words of the texts
  let asked = []; // the words of the query that is on its way

  /* ---- the index ---- */

  /* An index that is not as expected is searched as Material does it. */
  function prepare(index) {
    try {
      setUp(index);
    } catch (error) {
      pages = undefined;
      console.warn(error);
    }
  }

  function setUp(index) {
    separator = new RegExp(`(?:${index.config.separator})+`, "gu");
    pages = new Map();
    known = new Set();
    keywords = new Set();
    for (const entry of index.docs) {
      const title = plain(entry.title);
      const text = plain(entry.text);
      const tags = (entry.tags || []).join("\n");
      pages.set(entry.location, { text, own: inOrder(`${title}\n${text}`), tags: inOrder(tags) });
      hanWords(`${entry.title}\n${entry.text.replace(/<[^>]*>/g, " ")}`).forEach((word) => known.add(word));
      hanWords(tags).forEach((word) => keywords.add(word));
    }
  }

  function hanWords(text) {
    return text.split(separator).filter((word) => /^\p{sc=Han}+$/u.test(word));
  }

  /* Text without markup; what began on a line of its own still does. */
  function plain(html) {
    const lines = html.replace(/<\/?(?:p|li|ul|ol|pre)>/g, "\n").replace(/<[^>]*>|\u200b/g, "");
    return lines.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  }

  /* Text in which words of the query that follow each other do so after one blank. */
  function inOrder(text) {
    return ` ${text.toLowerCase().split(separator).join(" ")}`;
  }

  /* ---- the query ---- */

  function wordsOf(query) {
    const found = [];
    const plainly = query.slice(0, 200).toLowerCase().replace(/["^*\\]/g, " ");
    for (const piece of plainly.split(separator)) {
      for (const part of piece.match(/\p{sc=Han}+|[^\p{sc=Han}]+/gu) || []) {
        if (isHan(part)) found.push(...cut(part));
        else found.push(part.replace(/^[+@]+/, ""));
      }
    }
    const words = [...new Set(found)].filter(Boolean);
    const telling = words.filter((word) => !COMMON.has(word) && !/^[a-z]$/.test(word));
    return telling.length ? telling : words;
  }

  /* Chinese cut into as few words of the index as it takes; the last may be one half typed. */
  function cut(run) {
    const best = [{ cost: 0, words: [] }];
    for (let end = 1; end <= run.length; end++) {
      for (let start = 0; start < end; start++) {
        const word = run.slice(start, end);
        let cost = known.has(word) ? 1 : Infinity;
        if (cost > 1 && keywords.has(word)) cost = word.length; // rather the words of the texts that make it up
        if (cost > 1.5 && end === run.length && [...known].some((other) => other.startsWith(word))) cost = 1.5;
        if (cost > 1 && word.length === 1) cost = Math.min(cost, 4);
        cost += best[start].cost;
        if (!best[end] || cost < best[end].cost) best[end] = { cost, words: [...best[start].words, word] };
      }
    }
    const words = best[run.length].words;
    const real = words.filter((word) => known.has(word) || keywords.has(word) || word.length > 1);
    return real.length ? real : [run];
  }

  /* Chinese of the query that is a keyword as a whole, and no word of the texts. */
  function wholes(query) {
    return (query.match(HAN) || []).filter((run) => keywords.has(run) && !known.has(run));
  }

  /* The query as Material's worker takes it. It would cut Chinese again, were there not a `\` between
     any two characters, which its own parser then drops. */
  function put(words) {
    return words
      .map((word) => {
        const chinese = isHan(word) && [...word].join("\\");
        if (chinese) return `${chinese}^${EXACT} *${chinese}*^1`;
        const stem = stemOf(word);
        return stem.length < 3 ? `${word}^${EXACT}` : `${word}^${EXACT} ${stem}*^1`;
      })
      .join(" ");
  }

  /* What "namespaces" and "namespace" begin with: the index has words as they are written. */
  function stemOf(word) {
    if (!/^[a-z]+$/.test(word)) return word;
    const stem = self.lunr.stemmer(new self.lunr.Token(word)).toString();
    let end = 0;
    while (end < stem.length && stem[end] === word[end]) end++;
    return word.slice(0, end || word.length);
  }

  function isHan(word) {
    return /^\p{sc=Han}/u.test(word);
  }

  /* ---- the hits ---- */

  function improve(items) {
    if (!asked.length) return items;
    for (const group of items) {
      for (const item of group) judge(item);
      group.sort((a, b) => b.score - a.score);
    }
    return items.sort((a, b) => b[0].score - a[0].score);
  }

  /* A hit's score, terms and text. All of the query, also by the page's keywords, comes before parts of
     it; what is read here, before what the keywords promise of the page; words in a row, before others. */
  function judge(item) {
    const { own, tags, text } = pages.get(item.location);
    const has = (where, word) => where.includes(isHan(word) ? word : ` ${stemOf(word)}`);
    const here = asked.filter((word) => has(own, word));
    item.terms = Object.fromEntries(asked.map((word) => [word, here.includes(word) || has(tags, word)]));
    const found = asked.filter((word) => item.terms[word]);
    item.score *= (found.length / asked.length) ** 3;
    item.score *= (0.1 + (here.length / asked.length) ** 2) * (1 + (2 * pairsIn(own)) / asked.length);
    item.text = excerpt(text);
    delete item.tags; // keywords are for finding, not for reading
  }

  /* The sentence that has most of the words, most of them in a row, and what follows it. */
  function excerpt(text) {
    const mark = marking();
    const ended = text.replace(/[。！？；]|[.!?;](?=\s)/g, "$&\n");
    const sentences = ended.split("\n").map((sentence) => sentence.trim()).filter(Boolean);
    const worth = sentences.map((sentence) => {
      const has = new Set();
      sentence.replace(mark, (_, __, latin, chinese) => has.add((latin || chinese).toLowerCase()));
      return has.size + pairsIn(inOrder(sentence)) - sentence.length / (4 * EXCERPT);
    });
    let shown = sentences.slice(worth.indexOf(Math.max(...worth))).join(" ");
    shown = shown.replace(/([。！？；]) /g, "$1");
    const first = shown.search(mark);
    if (first > EXCERPT / 2) shown = `…${shown.slice(first - EXCERPT / 4).replace(/^[^\s，、：]*[\s，、：]/, "")}`;
    if (shown.length > 2 * EXCERPT) shown = `${shown.slice(0, 2 * EXCERPT)}…`;
    const marked = escaped(shown.replace(mark, (_, before, latin, chinese) => `${before || ""}\u0002${latin || chinese}\u0003`));
    return marked.replace(/\u0002/g, "<mark>").replace(/\u0003/g, "</mark>");
  }

  /* What finds any of the words in a text: what stands before a Latin one, it, or a Chinese one. */
  function marking() {
    const stems = asked.map((word) => stemOf(word).replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    stems.sort((a, b) => b.length - a.length);
    const any = (words) => words.join("|") || "(?!)"; // which nothing is
    const latin = any(stems.filter((word) => !isHan(word)));
    return new RegExp(`(^|[^a-z0-9_])(${latin})|(${any(stems.filter(isHan))})`, "gi");
  }

  /* How many words of the query follow each other in a text as they do in the query. */
  function pairsIn(text) {
    return asked.slice(1).filter((word, n) => text.includes(` ${asked[n]} ${stemOf(word)}`)).length;
  }

  function escaped(text) {
    return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  /* ---- between the page and Material's worker ---- */

  let passing = false;
  addEventListener("message", (event) => {
    if (passing || !event.data) return;
    if (event.data.type === SETUP) prepare(event.data.data);
    if (event.data.type !== QUERY || !pages) return;
    asked = wordsOf(event.data.data);
    event.stopImmediatePropagation();
    passing = true;
    const data = put([...asked, ...wholes(event.data.data)]);
    dispatchEvent(new MessageEvent("message", { data: { type: QUERY, data } }));
    passing = false;
  });

  const post = self.postMessage.bind(self);
  self.postMessage = (message) => {
    if (message.type === RESULT) message.data.items = improve(message.data.items);
    post(message);
  };

  const here = self.document ? document.currentScript.src : self.location.href;
  importScripts(new URL(/[?&]of=([\w.-]+)/.exec(here)[1], here).href);
})();
