import {
  FullScreenIcon,
  HandIcon,
  InspectorIcon,
  InviteIcon,
  LeaveIcon,
  PeopleIcon,
  PictureIcon,
  QuestionIcon,
  ScreenIcon,
  SettingsIcon,
  ShieldIcon,
  SpeakerViewIcon,
} from "./icons.js";
import type { DialogName } from "./call-dialogs.js";
import type { MoreItem } from "./more-menu.js";
import { pictureInPictureAvailable } from "./picture-in-picture.js";
import type { Layout } from "./stage.js";
import { text } from "./text.js";

interface Acts {
  /** Nothing where this browser cannot. */
  share: { on: boolean; turn: () => void } | undefined;
  hand: { raised: boolean; turn: () => void };
  layout: { now: Layout; turn: () => void };
  fullScreen: () => void;
  pictureInPicture: () => void;
  people: () => void;
  inspector: () => void;
  /** Whether the person can end the call for everyone. */
  endForAll: boolean;
  showDialog: (dialog: DialogName) => void;
}

/** What is in the menu of the call that is wanted less often. */
export function moreItems(acts: Acts): MoreItem[] {
  const { share, hand, layout, showDialog } = acts;
  const items: (MoreItem | false | undefined)[] = [
    share && {
      name: share.on ? text.share.stop : text.share.start,
      icon: <ScreenIcon />,
      narrow: true,
      act: share.turn,
    },
    {
      name: hand.raised ? text.hand.lower : text.hand.raise,
      icon: <HandIcon />,
      narrow: true,
      act: hand.turn,
    },
    {
      name: text.people.open,
      icon: <PeopleIcon />,
      narrow: true,
      act: acts.people,
    },
    {
      name: text.invite.open,
      icon: <InviteIcon />,
      narrow: true,
      act: () => showDialog("invite"),
    },
    {
      name: text.call.verify,
      icon: <ShieldIcon />,
      narrow: true,
      act: () => showDialog("verify"),
    },
    {
      name: layout.now === "grid" ? text.stage.speakerView : text.stage.gridView,
      icon: <SpeakerViewIcon />,
      key: "L",
      act: layout.turn,
    },
    document.fullscreenEnabled && {
      name: text.stage.fullScreen,
      icon: <FullScreenIcon />,
      key: "F",
      act: acts.fullScreen,
    },
    pictureInPictureAvailable() && {
      name: text.stage.pictureInPicture,
      icon: <PictureIcon />,
      act: acts.pictureInPicture,
    },
    { name: text.settings.title, icon: <SettingsIcon />, act: () => showDialog("settings") },
    {
      name: text.inspector.title,
      icon: <InspectorIcon />,
      key: "I",
      act: acts.inspector,
    },
    { name: text.help.title, icon: <QuestionIcon />, key: "?", act: () => showDialog("help") },
    acts.endForAll && {
      name: text.people.endForAll,
      icon: <LeaveIcon />,
      act: () => showDialog("end"),
    },
  ];
  return items.filter(item => typeof item === "object");
}
