/** On a phone a row of a list is a card: each cell says what it is, in the words of its column. */

for (const table of document.querySelectorAll("#result_list")) {
  const titles = [...table.querySelectorAll("thead th")].map((head) => head.querySelector(".text")?.textContent.trim());
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, index) => {
      if (titles[index]) cell.dataset.label = titles[index];
    });
  }
  table.classList.add("labelled");
}
