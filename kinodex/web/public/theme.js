// Before the first paint: the theme and language that were chosen here, so that nothing flashes.
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem("kinodex.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    var locale = localStorage.getItem("kinodex.locale") || navigator.language || "en";
    root.lang = locale.toLowerCase().indexOf("zh") === 0 ? "zh" : "en";
  } catch (error) {
    root.lang = "en";
  }
})();
