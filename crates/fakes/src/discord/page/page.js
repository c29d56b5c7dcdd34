"use strict";
(async () => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const list = document.getElementById("messages");
  const toEnd = () => (list.scrollTop = list.scrollHeight);
  // Whoever is choosing from a menu keeps it until the choice is made.
  const busy = () => document.activeElement?.matches("[data-live] select");
  // What has not changed stays, with its focus, and is not read out anew.
  const merge = (old, fresh) => {
    const nodes = [...fresh.childNodes];
    nodes.forEach((node, at) => {
      const there = old.childNodes[at];
      if (!there) old.append(node);
      else if (!there.isEqualNode(node)) there.replaceWith(node);
    });
    while (old.childNodes.length > nodes.length) old.lastChild.remove();
  };
  toEnd();
  for (;;) {
    try {
      const url = new URL(location.href);
      url.hash = "";
      url.searchParams.set("poll", document.body.dataset.version);
      const reply = await fetch(url, { cache: "no-store" });
      if (reply.status === 200) {
        const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
        while (busy()) await sleep(300);
        const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
        for (const part of document.querySelectorAll("[data-live]")) merge(part, fresh.getElementById(part.id));
        document.body.dataset.version = fresh.body.dataset.version;
        if (atEnd) toEnd();
      } else if (reply.status !== 204) await sleep(2000);
    } catch {
      await sleep(2000);
    }
  }
})();
