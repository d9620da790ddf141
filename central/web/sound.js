// A short two-tone call for new incidents, made here: no file, and urgent ones sound different.

import * as prefs from "./prefs.js";

let audio = null;

export const isOn = () => prefs.get("sound") === "on";

export function toggle() {
  prefs.set("sound", isOn() ? "off" : "on");
  if (isOn()) call("low");
  return isOn();
}

export function call(severity) {
  if (!isOn()) return;
  audio ??= new AudioContext();
  audio.resume(); // browsers hold it until somebody has touched the page
  const tones = severity === "critical" ? [880, 660, 880, 660] : severity === "high" ? [784, 659] : [523];
  tones.forEach((hertz, place) => beep(hertz, audio.currentTime + place * 0.18));
}

function beep(hertz, at) {
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  tone.frequency.value = hertz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.12, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
  tone.connect(gain).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.17);
}
