import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { onLogin } from "./api/http";
import { i18n } from "./i18n/i18n.svelte";
import { keys } from "./lib/keys.svelte";
import { href, router } from "./lib/router.svelte";
import { themes } from "./lib/theme.svelte";
import { session } from "./shell/session.svelte";

themes.start();
i18n.start();
router.start();
keys.start();
onLogin.run = () => {
  if (session.me?.access) session.ended = true;
  session.me = null;
  if (router.location.page !== "login") router.go(href("/login", { to: location.pathname + location.search }), { replace: true });
};
void session.load();

mount(App, { target: document.getElementById("app") as HTMLElement });
