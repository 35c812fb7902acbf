/**
 * What customers write, in parts: every opening goes with every problem and every closing of its language,
 * which makes over a thousand different messages, from a few words to a paragraph.
 */
interface Phrases {
  readonly openings: readonly string[];
  readonly problems: readonly string[];
  readonly closings: readonly string[];
}

const ENGLISH: Phrases = {
  openings: [
    '',
    '',
    'Hi, ',
    'Hello! ',
    'Good evening. ',
    'Hey there, ',
    'Dear support team, ',
    'Sorry to bother you: ',
  ],
  problems: [
    'my card was stolen an hour ago and somebody is already paying with it.',
    'I was charged twice for order A-5512, 49.90 each time.',
    'the parcel has been in Leipzig for six days and tracking says nothing new.',
    'how do I change the delivery address once an order is paid?',
    'I cannot log in: the code never arrives, neither by SMS nor by e-mail.',
    'the app closes by itself as soon as I open my invoices.',
    'what are your opening hours on Sunday?',
    'I would like to return the blue jacket, it is two sizes too small.',
    'someone changed the e-mail address of my account and it was not me!',
    'do you ship to Iceland, and what does it cost for 3 kg?',
    'your last update broke the export: every CSV that I download is empty.',
    'the courier left the box in the rain and the lamp inside is broken.',
    'could you send me the invoice for October once more, with our VAT number on it?',
    'is the white one going to be back in stock before Christmas?',
    'the discount code SPRING20 is refused although it is valid until the 30th.',
    'payment fails with error 402 at the last step, with two different cards.',
    'our whole team is locked out since this morning and we have a release at noon.',
    'I just wanted to say that Marta from your support was wonderful yesterday.',
    'please cancel my subscription at the end of the month.',
    'the video call drops after exactly five minutes, every single time; I have tried another browser, ' +
      'another network and my phone, restarted the router twice, and your status page says that all is well.',
  ],
  closings: ['', '', ' Please help.', ' Thanks!', ' Can you look into it today?', ' I am still waiting…'],
};

const RUSSIAN: Phrases = {
  openings: [
    '',
    '',
    'Здравствуйте! ',
    'Добрый день, ',
    'Привет, ',
    'Подскажите, пожалуйста: ',
    'Уважаемая поддержка, ',
  ],
  problems: [
    'у меня украли карту, с неё прямо сейчас снимают деньги!',
    'деньги списали два раза за один и тот же заказ.',
    'посылка неделю лежит на сортировке и никуда не движется.',
    'как поменять адрес доставки, если заказ уже оплачен?',
    'не могу войти: код не приходит ни по СМС, ни на почту.',
    'приложение вылетает, как только открываю историю платежей.',
    'до скольки вы работаете в воскресенье?',
    'хочу вернуть куртку, не подошёл размер.',
    'кто-то сменил почту в моём аккаунте, это был не я.',
    'доставляете ли вы в Казахстан и сколько это стоит за 3 кг?',
    'после обновления выгрузка в CSV всегда пустая.',
    'курьер бросил коробку под дождём, лампа внутри разбита.',
    'пришлите, пожалуйста, счёт за октябрь ещё раз, с нашим ИНН.',
    'белая модель появится до Нового года?',
    'промокод ВЕСНА20 не работает, хотя действует до 30-го числа.',
    'оплата не проходит на последнем шаге, пробовала две разные карты.',
    'у нас с утра не работает весь отдел, а в полдень сдача проекта!',
    'просто хотел сказать спасибо, вчера мне очень помогли.',
    'отмените подписку с конца месяца.',
    'звонок обрывается ровно через пять минут, каждый раз; пробовал другой браузер, другую сеть и телефон, ' +
      'дважды перезагружал роутер, а на странице статуса у вас всё зелёное.',
  ],
  closings: ['', '', ' Помогите, пожалуйста.', ' Спасибо!', ' Можно решить это сегодня?', ' Жду ответа 🙏'],
};

function oneOf(values: readonly string[]): string {
  return values[Math.floor(Math.random() * values.length)] ?? '';
}

/** A message as a customer might write it: two of three in English, the others in Russian. */
export function randomText(): { readonly content: string; readonly language: 'en' | 'ru' } {
  const language = Math.random() < 2 / 3 ? 'en' : 'ru';
  const { openings, problems, closings } = language === 'en' ? ENGLISH : RUSSIAN;
  return { content: oneOf(openings) + oneOf(problems) + oneOf(closings), language };
}
