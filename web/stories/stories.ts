/** Every story, by the file in src/ui/ that it is about. A new file of stories is one more line here. */
import { alarms } from "./alarms.stories.js";
import { calls } from "./call.stories.js";
import { chatPanels } from "./chat-panel.stories.js";
import { effectsPanels } from "./effects-panel.stories.js";
import { forgetDialogs } from "./forget-identity.stories.js";
import { helpDialogs } from "./help-dialog.stories.js";
import { inspectors } from "./inspector.stories.js";
import { inviteDialogs } from "./invite-dialog.stories.js";
import { landing } from "./landing.stories.js";
import { laters } from "./later.stories.js";
import type { Stories } from "./lib/story.js";
import { lobbies } from "./lobby.stories.js";
import { locks } from "./lock-button.stories.js";
import { messageScreens } from "./message-screen.stories.js";
import { moreMenus } from "./more-menu.stories.js";
import { peoplePanels } from "./people-panel.stories.js";
import { reactionMenus } from "./reaction-menu.stories.js";
import { settingsDialogs } from "./settings-dialog.stories.js";
import { shareTiles } from "./share-tile.stories.js";
import { stages } from "./stage.stories.js";
import { tiles } from "./tile.stories.js";
import { toolbars } from "./toolbar.stories.js";
import { verifyDialogs } from "./verify-dialog.stories.js";
import { verifyEmoji } from "./verify-emoji.stories.js";
import { verifyScans } from "./verify-scan.stories.js";

export const STORIES: Readonly<Record<string, Stories>> = {
  landing,
  lobby: lobbies,
  "message-screen": messageScreens,
  "forget-identity": forgetDialogs,
  call: calls,
  later: laters,
  stage: stages,
  tile: tiles,
  "share-tile": shareTiles,
  "lock-button": locks,
  alarms,
  toolbar: toolbars,
  "reaction-menu": reactionMenus,
  "more-menu": moreMenus,
  "chat-panel": chatPanels,
  "people-panel": peoplePanels,
  "verify-dialog": verifyDialogs,
  "verify-emoji": verifyEmoji,
  "verify-scan": verifyScans,
  "invite-dialog": inviteDialogs,
  "settings-dialog": settingsDialogs,
  "help-dialog": helpDialogs,
  "effects-panel": effectsPanels,
  inspector: inspectors,
};
