// Devices that come and go: browsers have no way to pull out or plug in real ones.

/**
 * Runs in the page before its scripts. `pullOut("video")` ends the track in use as the browser does when its device is gone,
 * and lists that device no more; `plugIn` adds one to the list. `hide` and `show` do so with one of any kind, by its id.
 */
export const heldDevices = `(${hold})();`;

function hold() {
  const { mediaDevices } = navigator;
  const tracks = [];
  const gone = new Set();
  const added = [];
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const list = mediaDevices.enumerateDevices.bind(mediaDevices);
  mediaDevices.getUserMedia = async wish => {
    // What is gone cannot be opened.
    const there = (await list()).filter(({ deviceId }) => !gone.has(deviceId));
    const among = (wished, kind) => {
      const ids = there.filter(each => each.kind === kind).map(({ deviceId }) => deviceId);
      if (!wished || gone.size === 0) return wished;
      const { exact, ideal } = wished.deviceId ?? {};
      const id = exact ?? (ids.includes(ideal) ? ideal : ids[0]);
      return { ...wished, deviceId: { exact: id } };
    };
    const stream = await open({
      audio: among(wish.audio, "audioinput"),
      video: among(wish.video, "videoinput"),
    });
    tracks.push(...stream.getTracks());
    return stream;
  };
  mediaDevices.enumerateDevices = async () => [
    ...(await list()).filter(({ deviceId }) => !gone.has(deviceId)),
    ...added,
  ];
  const tell = () => mediaDevices.dispatchEvent(new Event("devicechange"));
  window.pullOut = kind => {
    const track = tracks.findLast(each => each.kind === kind && each.readyState === "live");
    gone.add(track.getSettings().deviceId);
    track.stop();
    track.dispatchEvent(new Event("ended"));
    tell();
  };
  window.plugIn = (kind, label) => {
    added.push({ kind, label, deviceId: label, groupId: "" });
    tell();
  };
  window.hide = id => {
    gone.add(id);
    tell();
  };
  window.show = id => {
    gone.delete(id);
    tell();
  };
}
