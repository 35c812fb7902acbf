/** The notice that the licence of the starter data asks for wherever something was made from it. */
export const MODEL_FILE_NOTICE = `
## Attribution
The English part was trained on BANKING77 (Iñigo Casanueva, Tadas Temčinas, Daniela Gerz, Matthew Henderson
and Ivan Vulić, 2020, "Efficient Intent Detection with Dual Sentence Encoders"), published by PolyAI under
the Creative Commons Attribution 4.0 licence (https://creativecommons.org/licenses/by/4.0/). Changed: only
hashed, weighted features of the texts are here, no texts; the priorities are Otklik's own.
`;
