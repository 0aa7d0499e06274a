/** Own line icons, 24 x 24, drawn in the colour of the text around them. */
import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

export function MicrophoneIcon({ off }: { off: boolean }) {
  return (
    <Icon>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.500a6.5 6.5 0 0 0 13 0M12 18v3" />
      {off && <path class="slash" d="M4 3.5 20 20.5" />}
    </Icon>
  );
}

export function CameraIcon({ off }: { off: boolean }) {
  return (
    <Icon>
      <rect x="3" y="6.5" width="12" height="11" rx="3" />
      <path d="m15 11 4.7-3.100a.8.8 0 0 1 1.3.7v6.800a.8.8 0 0 1-1.3.7L15 13" />
      {off && <path class="slash" d="M4 3.5 20 20.5" />}
    </Icon>
  );
}

export function RecordIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="8.5" />
      <circle cx="12" cy="12" r="4" fill="currentColor" />
    </Icon>
  );
}

export function LinkIcon() {
  return (
    <Icon>
      <path d="M10 14a4.2 4.2 0 0 0 6 0l3-3a4.24 4.24 0 0 0-6-6l-1 1" />
      <path d="M14 10a4.2 4.2 0 0 0-6 0l-3 3a4.24 4.24 0 0 0 6 6l1-1" />
    </Icon>
  );
}

export function ShieldIcon() {
  return (
    <Icon>
      <path d="M12 3 5 5.600v5.400c0 4.6 2.9 8 7 10 4.1-2 7-5.4 7-10V5.600Z" />
      <path d="m9 11.8 2.2 2.2 4-4.3" />
    </Icon>
  );
}

export function LeaveIcon() {
  return (
    <Icon>
      <path d="M3.2 14.600c-.6-1.2-.2-2.6.9-3.5 4.7-3.5 11.1-3.5 15.8 0 1.1.9 1.5 2.3.9 3.500l-.5 1c-.3.6-1 .9-1.7.7l-2.6-.8c-.6-.2-1-.7-1-1.300v-1.600c-1.9-.6-4.1-.6-6 0v1.600c0 .6-.4 1.1-1 1.300l-2.6.8c-.7.2-1.4-.1-1.7-.7Z" />
    </Icon>
  );
}

export function LockIcon() {
  return (
    <Icon>
      <rect x="5" y="10.5" width="14" height="10" rx="3" />
      <path d="M8 10.500V8a4 4 0 0 1 8 0v2.5" />
    </Icon>
  );
}

export function OpenLockIcon() {
  return (
    <Icon>
      <rect x="5" y="10.5" width="14" height="10" rx="3" />
      <path d="M8 10.500V7.500a4 4 0 0 1 7.7-1.5" />
    </Icon>
  );
}

export function WarningIcon() {
  return (
    <Icon>
      <path d="M10.600 4.200 2.900 17.700a1.600 1.600 0 0 0 1.400 2.400h15.400a1.600 1.600 0 0 0 1.400-2.400L13.400 4.200a1.600 1.600 0 0 0-2.800 0Z" />
      <path d="M12 9.500v4.500M12 16.900v.2" />
    </Icon>
  );
}

/** An eye: seen before. */
export function SeenIcon() {
  return (
    <Icon>
      <path d="M2.500 12c2.300-4.300 5.700-6.500 9.500-6.500s7.200 2.200 9.500 6.500c-2.300 4.300-5.700 6.500-9.500 6.500S4.800 16.300 2.500 12Z" />
      <circle cx="12" cy="12" r="2.800" />
    </Icon>
  );
}

export function NewIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 8v8M8 12h8" />
    </Icon>
  );
}

export function QuestionIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="9" stroke-dasharray="3.500 3" />
      <path d="M9.600 9.700a2.500 2.500 0 1 1 3.600 2.200c-.8.4-1.200.900-1.200 1.800M12 16.700v.1" />
    </Icon>
  );
}

export function PeopleIcon() {
  return (
    <Icon>
      <circle cx="9" cy="8.5" r="3.5" />
      <path d="M2.5 19.500a6.5 6.5 0 0 1 13 0M16 5.300a3.5 3.5 0 0 1 0 6.400M18 14a6.5 6.5 0 0 1 3.5 5.5" />
    </Icon>
  );
}

export function PreviousIcon() {
  return (
    <Icon>
      <path d="m14.500 6-6 6 6 6" />
    </Icon>
  );
}

export function NextIcon() {
  return (
    <Icon>
      <path d="m9.500 6 6 6-6 6" />
    </Icon>
  );
}

export function FullScreenIcon() {
  return (
    <Icon>
      <path d="M4 9V5.500A1.500 1.500 0 0 1 5.500 4H9M15 4h3.500A1.500 1.500 0 0 1 20 5.500V9M20 15v3.500a1.500 1.500 0 0 1-1.500 1.500H15M9 20H5.500A1.500 1.500 0 0 1 4 18.500V15" />
    </Icon>
  );
}

export function HandIcon() {
  return (
    <Icon>
      <path d="M7 12.500V6.700a1.400 1.400 0 0 1 2.800 0V11M9.800 10.500V4.700a1.400 1.400 0 0 1 2.800 0v5.800M12.600 10.800V5.700a1.400 1.400 0 0 1 2.800 0v6.100M15.400 11.500V8.200a1.400 1.400 0 0 1 2.800 0v6.300c0 3.700-2.500 6.500-6 6.500-2.700 0-4.300-1.300-5.500-3.400L4.300 13.400a1.400 1.400 0 0 1 2.300-1.500L7 12.500" />
    </Icon>
  );
}

export function PinIcon() {
  return (
    <Icon>
      <path d="M9 4h6l-.700 5.500 3.200 3.200v1.800H6.500v-1.800l3.200-3.200ZM12 14.500V20.500" />
    </Icon>
  );
}

export function ScreenIcon() {
  return (
    <Icon>
      <rect x="3" y="4.500" width="18" height="12.500" rx="2.500" />
      <path d="M9 20.500h6M12 13.800V8M9.500 10.200 12 7.700l2.500 2.500" />
    </Icon>
  );
}

export function ChatIcon() {
  return (
    <Icon>
      <path d="M5.500 4.500h13A2.500 2.500 0 0 1 21 7v7.500a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 3.500V17h-1A2.500 2.500 0 0 1 3 14.500V7a2.500 2.500 0 0 1 2.500-2.500Z" />
      <path d="M8 9.200h8M8 12.700h5" />
    </Icon>
  );
}

export function SmileIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="9" />
      <path d="M8.500 14.200a4.300 4.300 0 0 0 7 0M9 9.300v.4M15 9.300v.4" />
    </Icon>
  );
}

export function MoreIcon() {
  return (
    <Icon>
      <path d="M5.500 12h.1M12 12h.1M18.500 12h.1" stroke-width="3" />
    </Icon>
  );
}

export function InviteIcon() {
  return (
    <Icon>
      <circle cx="10" cy="8.500" r="3.500" />
      <path d="M3.500 19.500a6.500 6.500 0 0 1 11.500-4.200M18 13v6M15 16h6" />
    </Icon>
  );
}

export function CloseIcon() {
  return (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" />
    </Icon>
  );
}

export function SendIcon() {
  return (
    <Icon>
      <path d="M4 12 20 4.500l-4.500 15-4-6Zm7.500 1.500L20 4.500" />
    </Icon>
  );
}

export function CopyIcon() {
  return (
    <Icon>
      <rect x="8.500" y="8.500" width="11" height="11" rx="2.500" />
      <path d="M15.500 5.500A1.500 1.500 0 0 0 14 4.500H7A2.500 2.500 0 0 0 4.500 7v7A1.500 1.500 0 0 0 5.500 15.500" />
    </Icon>
  );
}

export function SpeakerViewIcon() {
  return (
    <Icon>
      <rect x="3" y="5" width="18" height="14" rx="3" />
      <rect x="13" y="12" width="5.500" height="4.500" rx="1" />
    </Icon>
  );
}

export function PictureIcon() {
  return (
    <Icon>
      <rect x="3" y="5" width="18" height="14" rx="3" />
      <rect x="12" y="12" width="9" height="7" rx="2" />
    </Icon>
  );
}

export function SettingsIcon() {
  return (
    <Icon>
      <path d="M4 7h9M17.500 7H20M4 17h2.500M11 17h9" />
      <circle cx="15.300" cy="7" r="2.300" />
      <circle cx="8.700" cy="17" r="2.300" />
    </Icon>
  );
}

export function InspectorIcon() {
  return (
    <Icon>
      <circle cx="12" cy="5" r="2.300" />
      <circle cx="6" cy="12.500" r="2.300" />
      <circle cx="18" cy="12.500" r="2.300" />
      <circle cx="9.500" cy="19.500" r="1.500" />
      <path d="m10.600 6.900-3.200 3.800M13.400 6.900l3.200 3.800M7.200 14.500l1.600 3.600" />
    </Icon>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 64 64" aria-hidden="true">
      <path d="M32 15c1-6 6-10 13-10 0 7-5 11-13 10Z" class="leaf" />
      <circle cx="32" cy="37" r="23" class="fruit" />
      <rect x="18" y="29" width="19" height="16" rx="5" class="lens" />
      <path
        d="m40 35 6.2-4.300a1.2 1.2 0 0 1 1.8 1v10.600a1.2 1.2 0 0 1-1.8 1L40 39Z"
        class="lens"
      />
    </svg>
  );
}
