/**
 * Says at compile time that the documents of `types.ts` are those of the server: `svelte-check` fails here when
 * docs/openapi.json, and with it openapi.ts (`npm run types`), has something else.
 */

import type { components } from "./openapi";
import type * as T from "./types";

type Server = components["schemas"];

/** What the server sends can be read as what the pages expect. */
type Reads<Sent extends Expected, Expected> = Sent;

export type Agreed = [
  Reads<Server["VideoCard"], T.VideoCard>,
  Reads<Server["VideosPage"], T.VideoList>,
  Reads<Server["VideoDetail"], T.VideoDetail>,
  Reads<Server["LibraryStatus"], T.LibraryStatus>,
  Reads<Server["Timeline"], T.Timeline>,
  Reads<Server["LinesPage"], T.LineList>,
  Reads<Server["LineShown"], T.Line>,
  Reads<Server["VideoDecisions"], { decisions: T.TagDecision[] }>,
  Reads<Server["MomentsFound"], T.SearchAnswer>,
  Reads<Server["EvidenceDocument"], { evidence: T.Evidence[] }>,
  Reads<Server["FramesDocument"], T.FrameTimes>,
  Reads<Server["SpritesDocument"], T.Sprites>,
  Reads<Server["PeaksDocument"], T.Peaks>,
  Reads<Server["ProxyDocument"], T.ProxyState>,
  Reads<Server["TagsPage"], T.TagList>,
  Reads<Server["JobCard"], T.Job>,
  Reads<Server["MeDocument"], T.Me>,
  Reads<Server["CollectionDocument"], T.Collection>,
];
