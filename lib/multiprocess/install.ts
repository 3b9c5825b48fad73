// The one module with a side effect: what has to be there before anybody counts.
import { reportToParent } from "./child-reports.ts";

reportToParent();
