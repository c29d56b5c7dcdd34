import encodeQR from "qr";

export const matrix = (text, ecc, border) => encodeQR(text, "raw", { ecc, border });
