// Four players of one film on another site. Each has its own words for "send the cookies as well".

const MEDIA = "http://127.0.0.1:8080";
const film = document.querySelector("#film");

const players = {
  hls() {
    const player = new Hls({ xhrSetup: (request) => (request.withCredentials = true) });
    player.loadSource(`${MEDIA}/film/film.m3u8`);
    player.attachMedia(film);
  },
  dash() {
    const player = dashjs.MediaPlayer().create();
    player.setXHRWithCredentialsForType("", true); // for every type of request: manifest, segments, …
    player.initialize(film, `${MEDIA}/film/film.mpd`, false);
  },
  videojs() {
    const player = videojs(film, { html5: { vhs: { withCredentials: true, overrideNative: true } } });
    player.src({ src: `${MEDIA}/film/film.m3u8`, type: "application/x-mpegURL" });
  },
  element() {
    film.crossOrigin = "use-credentials";
    film.src = `${MEDIA}/film/film.mp4`;
  },
};

/// Fetches the three cookies from the host of the film, before the player asks for the first byte.
async function begin(ticket) {
  const answer = await fetch(`${MEDIA}/session`, {
    method: "POST",
    credentials: "include", // without it the browser throws the cookies away
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket }),
  });
  if (!answer.ok) throw new Error(`the ticket was answered ${answer.status}`);
}

for (const button of document.querySelectorAll("[data-player]")) {
  button.onclick = async () => {
    const ticket = document.querySelector("#ticket").value;
    if (ticket) await begin(ticket);
    players[button.dataset.player]();
    document.querySelector("video").play().catch(() => {}); // it plays once there is something to play
  };
}
