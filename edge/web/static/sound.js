// What an answer sounds like: two rising notes, a low buzz, one note that asks, two falling notes.

const NOTES = {
  good: [[660, 0, 0.12, "sine"], [990, 0.12, 0.25, "sine"]],
  bad: [[160, 0, 0.5, "square"]],
  ask: [[520, 0, 0.3, "triangle"]],
  back: [[660, 0, 0.12, "sine"], [440, 0.12, 0.25, "sine"]],
};
let audio;
export function sound(look) {
  try {
    audio = audio || new AudioContext();
    for (const [frequency, at, length, type] of NOTES[look] || []) {
      const oscillator = new OscillatorNode(audio, { frequency, type });
      const volume = new GainNode(audio, { gain: 0.2 });
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + length);
      oscillator.connect(volume).connect(audio.destination);
      oscillator.start(audio.currentTime + at);
      oscillator.stop(audio.currentTime + at + length);
    }
  } catch { /* a till without a loudspeaker still shows the answer */ }
}
