// Sets the remembered theme before the first paint; a file of its own, since the page allows no inline script.
try {
  var theme = localStorage.getItem("pawl.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch (e) {}
