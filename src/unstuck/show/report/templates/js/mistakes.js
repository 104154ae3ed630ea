// The section "mistakes": where the network was surest and wrong.
"use strict";

(function () {
  const FIRST = 24;

  unstuck.sections.mistakes = async function (root, data, all) {
    if (!data || !all.samples || !data.order.length) return;
    const got = await unstuck.pictures(all);
    root.append(...unstuck.sampleList(all, got, data.order, FIRST));
  };
})();
