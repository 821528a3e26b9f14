// Plays the film. The cookies are the page's own, so the player needs nothing for them.

const film = document.querySelector("video");
const player = new Hls({ maxBufferLength: 4, maxMaxBufferLength: 4, backBufferLength: 0 });
player.on(Hls.Events.MANIFEST_PARSED, () => film.play());
player.loadSource("film.m3u8");
player.attachMedia(film);
addEventListener("gatepass-ended", () => (document.querySelector("#end").hidden = false));
