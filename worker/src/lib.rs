//! edgemem as a Cloudflare Worker.
