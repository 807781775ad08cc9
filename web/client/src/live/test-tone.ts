/** Two soft notes, to hear whether the speaker works; no file is fetched for it. */
export async function playTone(speakerId: string | undefined): Promise<void> {
  const context = new AudioContext();
  if (speakerId && 'setSinkId' in context)
    await (context as SinkContext).setSinkId(speakerId).catch(() => undefined);
  const noteSeconds = 0.35;
  [523.25, 659.25].forEach((frequency, index) => {
    const from = context.currentTime + index * noteSeconds;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(0.2, from + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + noteSeconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + noteSeconds);
    if (index === 1) oscillator.onended = () => void context.close();
  });
}

/** Not every browser lets a page choose its speaker. */
type SinkContext = AudioContext & { setSinkId: (id: string) => Promise<void> };
