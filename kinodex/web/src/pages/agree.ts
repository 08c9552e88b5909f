/** As `api/agree.ts`, for the documents that one page alone reads. */

import type { components } from "../api/openapi";
import type * as Chat from "./chat/api";
import type * as Jobs from "./jobs/api";
import type * as People from "./people/api";
import type * as Proposals from "./proposals/api";
import type * as Review from "./review/api";
import type * as Settings from "./settings/api";
import type * as Vocabulary from "./vocabulary/api";

type Server = components["schemas"];
type Reads<Sent extends Expected, Expected> = Sent;

export type Agreed = [
  Reads<Server["ThreadsPage"], Chat.ThreadsPage>,
  Reads<Server["ThreadDocument"], Chat.ThreadDocument>,
  Reads<Server["TurnBegun"], Chat.TurnBegun>,
  Reads<Server["CitationShown"], Chat.Citation>,
  Reads<Server["ClaimShown"], Chat.Claim>,
  Reads<Server["OrderedJob"], Jobs.JobCard & { new: boolean }>,
  Reads<Server["JobDetail"], Jobs.JobDetail>,
  Reads<Server["JobPlan"], Jobs.JobPlan>,
  Reads<Server["FormatsDocument"], { formats: Jobs.ExportFormat[] }>,
  Reads<Server["FailuresPage"], Jobs.FailuresPage>,
  Reads<Server["FolderListing"], Jobs.FolderListing>,
  Reads<Server["PeopleDocument"], People.People>,
  Reads<Server["PersonDocument"], People.PersonDetail>,
  Reads<Server["AlikeDocument"], { people: People.AlikePerson[] }>,
  Reads<Server["ForgottenDocument"], People.Forgotten>,
  Reads<Server["ReviewPage"], Review.ReviewPage>,
  Reads<Server["Decided"], { undo: string }>,
  Reads<Server["TagsChanged"], Vocabulary.TagsChanged>,
  Reads<Server["FacetsDocument"], Vocabulary.Facets>,
  Reads<Server["TagHistory"], Vocabulary.TagHistory>,
  Reads<Server["DecidedAtOnce"], Vocabulary.DecidedAtOnce>,
  Reads<Server["Duplicates"], Vocabulary.Duplicates>,
  Reads<Server["ImportedDocument"], Vocabulary.Imported>,
  Reads<Server["Proposals"], Proposals.Proposals>,
  Reads<Server["CheckShown"], Settings.Check>,
  Reads<Server["ModelsDocument"], Settings.Models>,
  Reads<Server["SettingShown"], Settings.SettingShown>,
  Reads<Server["EndpointTested"], Settings.EndpointTested>,
  Reads<Server["UserDocument"], Settings.User>,
  Reads<Server["KeyDocument"], Settings.ApiKey>,
  Reads<Server["CollectionDocument"], Settings.CollectionShown>,
];
