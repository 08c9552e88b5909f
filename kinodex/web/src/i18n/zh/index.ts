import { chat } from "./chat";
import { common } from "./common";
import { jobs } from "./jobs";
import { library } from "./library";
import { people } from "./people";
import { player } from "./player";
import { proposals } from "./proposals";
import { review } from "./review";
import { search } from "./search";
import { settings } from "./settings";
import { video } from "./video";
import { vocabulary } from "./vocabulary";

export const zh = { ...common, ...library, ...search, ...video, ...people, ...player, ...chat, ...review, ...jobs, ...settings, ...vocabulary, ...proposals };
