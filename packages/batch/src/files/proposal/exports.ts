/**
 * The exports of well-known programs, by the headers that they write, as data. Headers are compared without case, blanks and
 * punctuation.
 *
 * A column is mapped where it is certain that its values are a line item's. `not` says of the others that could be taken for one
 * why they are not. A program's own numbers of orders (`own`) are no ids of HubSpot's records.
 */

export interface Export {
  readonly program: string
  /** A file with all these headers is such an export. */
  readonly has: ReadonlyArray<string>
  /** Header → property. */
  readonly map: Readonly<Record<string, string>>
  readonly not?: Readonly<Record<string, string>>
  readonly own?: ReadonlyArray<string>
  /** The header of a currency that only the first line of an order has. */
  readonly currency?: string
}

const lineTotal = "the total of a line, not the price of a unit"
const fraction = "a fraction of the price, and discount is an amount of money"
const percentage = "a percentage, and discount is an amount of money"
const ofOrder = "of the whole order, not of the line"
const product = "the program's own number of a product, not an id of HubSpot"
const cost = "what the shop pays"

/** Why a person is to say what a column is: leaving it out would change what is charged. */
export const asked = {
  cents: "in the smallest unit of its currency, such as cents",
  perUnit: "how many pieces a price is for",
  discount: "whether it is an amount of each unit is not certain"
}

/** Headers of discounts of which only the values say what they are of. */
export const discounts =
  "Discounts|Line Discount|Disc|Discount Amount|Rabatt|Remise|Descuento|Sconto|Korting|Desconto|Rabat|Sleva|Alennus".split(
    "|"
  )

/** Headers of how many pieces a price is for. */
export const perUnit =
  "Preiseinheit|PE|Price Unit|Pricing Unit|Price per|Per|Preis je|Preis pro|Preis per|Unité de prix|Prijseenheid".split(
    "|"
  )

export const exports: ReadonlyArray<Export> = [
  {
    program: "Shopify orders",
    has: ["Lineitem name", "Lineitem quantity", "Lineitem price"],
    map: {
      "Lineitem name": "name",
      "Lineitem quantity": "quantity",
      "Lineitem price": "price",
      "Lineitem sku": "hs_sku"
    },
    not: {
      Name: "the number of the order",
      "Lineitem discount": "of the whole line, not of a unit",
      "Lineitem compare at price": "a price before a reduction",
      "Discount Amount": ofOrder,
      Total: ofOrder,
      Subtotal: ofOrder,
      Currency: "only the first line of an order has it"
    },
    currency: "Currency"
  },
  {
    program: "Shopify products",
    has: ["Handle", "Title", "Variant Price"],
    map: { Title: "name", "Variant SKU": "hs_sku", "Variant Price": "price" },
    not: { "Variant Compare At Price": "a price before a reduction", "Cost per item": cost }
  },
  {
    program: "WooCommerce order items",
    has: ["item_name", "item_quantity", "item_total"],
    map: { item_name: "name", item_quantity: "quantity", item_price: "price", item_sku: "hs_sku" },
    not: { item_total: lineTotal, item_subtotal: lineTotal, item_product_id: product },
    own: ["order_id"]
  },
  {
    program: "WooCommerce order items",
    has: ["Order Number", "Item Name", "Item Cost"],
    map: {
      "Item Name": "name",
      "Quantity (- Refund)": "quantity",
      Quantity: "quantity",
      "Item Cost": "price",
      SKU: "hs_sku"
    },
    not: { "Order Line Total": lineTotal, "Discount Amount": ofOrder, "Order Total Amount": ofOrder }
  },
  {
    program: "WooCommerce products",
    has: ["Type", "SKU", "Name", "Regular price"],
    map: { Name: "name", SKU: "hs_sku", "Regular price": "price", "Short description": "description" },
    not: {
      ID: product,
      Description: "the long text of the shop, often with markup",
      "Sale price": "a reduced price"
    }
  },
  {
    program: "Xero invoices",
    has: ["*Description", "*Quantity", "*UnitAmount"],
    map: {
      "*Description": "name",
      "*Quantity": "quantity",
      "*UnitAmount": "price",
      InventoryItemCode: "hs_sku",
      Currency: "hs_line_item_currency_code"
    },
    not: {
      Discount: percentage,
      Total: "of the whole invoice, not of the line",
      TaxAmount: "HubSpot computes taxes"
    }
  },
  {
    program: "QuickBooks invoices",
    has: ["Item(Product/Service)", "ItemQuantity", "ItemRate"],
    map: {
      "Item(Product/Service)": "name",
      ItemDescription: "description",
      ItemQuantity: "quantity",
      ItemRate: "price"
    },
    not: { "*ItemAmount": lineTotal, Terms: "the terms of payment" }
  },
  {
    program: "QuickBooks sales",
    has: ["Product/Service", "Memo/Description", "Qty", "Sales Price"],
    map: {
      "Product/Service": "name",
      "Memo/Description": "description",
      Qty: "quantity",
      "Sales Price": "price"
    },
    not: { Amount: lineTotal, Name: "the name of the customer", Balance: ofOrder }
  },
  {
    program: "Salesforce opportunity line items",
    has: ["OpportunityId", "Quantity", "UnitPrice"],
    map: {
      Name: "name",
      "Product2.Name": "name",
      ProductCode: "hs_sku",
      "Product2.ProductCode": "hs_sku",
      Quantity: "quantity",
      UnitPrice: "price",
      Description: "description",
      Discount: "hs_discount_percentage",
      CurrencyIsoCode: "hs_line_item_currency_code"
    },
    not: {
      TotalPrice: lineTotal,
      Subtotal: lineTotal,
      ListPrice: "the price before it was agreed",
      Product2Id: product,
      Id: "Salesforce's own id"
    }
  },
  {
    program: "Salesforce opportunity products",
    has: ["Opportunity Name", "Product Name", "Quantity", "Sales Price"],
    map: {
      "Product Name": "name",
      "Product Code": "hs_sku",
      Quantity: "quantity",
      "Sales Price": "price",
      "Line Description": "description",
      "Sales Price Currency": "hs_line_item_currency_code"
    },
    not: {
      "Total Price": lineTotal,
      "List Price": "the price before it was agreed",
      Amount: "of the opportunity"
    }
  },
  {
    program: "Northwind order details",
    has: ["OrderID", "ProductID", "UnitPrice", "Quantity", "Discount"],
    map: { UnitPrice: "price", Quantity: "quantity", ProductName: "name" },
    not: { ProductID: product, Discount: fraction },
    own: ["OrderID"]
  },
  {
    program: "Superstore",
    has: ["Order ID", "Product Name", "Sales", "Quantity", "Profit"],
    map: { "Product Name": "name", Quantity: "quantity" },
    not: { Sales: lineTotal, Discount: fraction, "Product ID": product, Profit: "HubSpot computes margins" },
    own: ["Order ID"]
  },
  {
    program: "Olist order items",
    has: ["order_id", "order_item_id", "product_id", "price", "freight_value"],
    map: { price: "price" },
    not: { product_id: product, freight_value: "the freight of the line" },
    own: ["order_id"]
  },
  {
    program: "UCI Online Retail",
    has: ["StockCode", "Description", "Quantity", "InvoiceDate", "Country"],
    map: {
      StockCode: "hs_sku",
      Description: "name",
      Quantity: "quantity",
      UnitPrice: "price",
      Price: "price"
    }
  },
  {
    program: "Odoo order lines",
    has: ["Order Lines/Quantity", "Order Lines/Unit Price"],
    map: {
      "Order Lines/Product": "name",
      "Order Lines/Description": "description",
      "Order Lines/Quantity": "quantity",
      "Order Lines/Unit Price": "price",
      "Order Lines/Discount (%)": "hs_discount_percentage"
    },
    not: { "Order Lines/Subtotal": lineTotal, "Order Lines/Total": lineTotal }
  },
  {
    program: "Odoo order lines",
    has: ["order_line/product_uom_qty", "order_line/price_unit"],
    map: {
      "order_line/name": "name",
      "order_line/product_uom_qty": "quantity",
      "order_line/price_unit": "price",
      "order_line/discount": "hs_discount_percentage"
    },
    not: { "order_line/price_subtotal": lineTotal, "order_line/price_total": lineTotal }
  },
  {
    program: "Odoo order lines",
    has: ["product_uom_qty", "price_unit"],
    map: {
      name: "name",
      product_uom_qty: "quantity",
      price_unit: "price",
      discount: "hs_discount_percentage"
    },
    not: { price_subtotal: lineTotal, price_total: lineTotal, product_id: product },
    own: ["order_id"]
  },
  {
    program: "PrestaShop order details",
    has: ["product_name", "product_quantity", "product_price"],
    map: {
      product_name: "name",
      product_quantity: "quantity",
      product_price: "price",
      product_reference: "hs_sku"
    },
    not: {
      product_id: product,
      unit_price_tax_excl: "the price after reductions",
      total_price_tax_excl: lineTotal,
      total_price_tax_incl: lineTotal
    },
    own: ["order_id"]
  },
  {
    program: "Amazon orders",
    has: ["product-name", "quantity-purchased", "item-price"],
    map: { "product-name": "name", "quantity-purchased": "quantity", sku: "hs_sku" },
    not: { "item-price": lineTotal },
    own: ["order-id"]
  },
  {
    program: "Etsy order items",
    has: ["Item Name", "Quantity", "Price", "Transaction ID"],
    map: { "Item Name": "name", Quantity: "quantity", Price: "price", SKU: "hs_sku" },
    not: { "Item Total": lineTotal, "Discount Amount": lineTotal },
    own: ["Order ID"]
  },
  {
    program: "Magento order items",
    has: ["qty_ordered", "base_price", "product_type"],
    map: { name: "name", qty_ordered: "quantity", price: "price", sku: "hs_sku" },
    not: { row_total: lineTotal, product_id: product, cost },
    own: ["order_id"]
  }
]

/** Headers that are certain in any file, by property. Of other languages too. */
export const headers: Readonly<Record<string, ReadonlyArray<string>>> = {
  name: [
    ..."Item|Item Name|Item Title|Product/Service|Product|Product Name|Product Title|Line Item|Line Item Name|Article|Article Name".split(
      "|"
    ),
    ..."Artikel|Artikelname|Artikelbezeichnung|Bezeichnung|Produkt|Produktname|Produktbezeichnung".split("|"),
    ..."Kurztext|Warenbezeichnung|Materialkurztext|Produit|Nom du produit|Désignation|Libellé|Producto|Nombre del producto|Artículo".split(
      "|"
    ),
    ..."Prodotto|Nome prodotto|Articolo|Produto|Nome do produto|Productnaam|Artikelnaam|Omschrijving".split(
      "|"
    ),
    ..."Varenavn|Benämning|Benævnelse|Produktnavn|Produktnamn|Artikelnamn|Tuote|Nazwa|Nazwa produktu|Nazwa towaru|Název|Název produktu".split(
      "|"
    )
  ],
  quantity: [
    ..."Qty|Units Sold|Order Qty|Quantity Sold|Product Qty|Product Quantity|Quantity Purchased|Quantity Ordered|Qty Ordered|Ordered Qty|Item Quantity|Line Item Quantity|Order Quantity".split(
      "|"
    ),
    ..."Menge|Anzahl|Anz|Auftragsmenge|Liefermenge|Menge in Stück|Stück|Stk|Stückzahl|Bestellmenge|Quantité|Qté|Cantidad|Cant|Quantità|Qta|Quantidade|Qtd|Qtde".split(
      "|"
    ),
    ..."Aantal|Hoeveelheid|Antal|Antall|Kvantitet|Määrä|Ilość|Množství|Počet|Mennyiség".split("|")
  ],
  price: [
    ..."Unit Price|Unit Rate|Price per Item|Price/Unit|Product Price|Product Unit Price|Sales Price|Price per Unit|Price Each|Unit Amount|Item Price|Unit Net Price|Net Unit Price".split(
      "|"
    ),
    ..."Price net|Price excl. tax|Unit price excl. tax|Unit Price excl. VAT|EP|Nettopreis|Preis netto|Einzelpreis|Stückpreis|Preis|Preis pro Stück|Preis je Einheit|Einzelpreis netto|Nettoeinzelpreis".split(
      "|"
    ),
    ..."Prix unitaire|Prix unitaire HT|PU|PU HT|Prix|Precio unit|Precio unitario|Precio|Precio por unidad".split(
      "|"
    ),
    ..."Prezzo unitario|Prezzo unit|Prezzo|Preço unitário|Preço|Valor unitário|Eenheidsprijs|Stukprijs|Prijs|Prijs per stuk".split(
      "|"
    ),
    ..."Pris|Styckpris|Stykpris|Enhedspris|Enhetspris|À-pris|Yksikköhinta|Cena|Cena netto|Cena jednostkowa|Cena jednostkowa netto|Jednotková cena|Egységár".split(
      "|"
    )
  ],
  hs_sku: [
    ..."SKU|SKU Code|Item SKU|Product SKU|Variant SKU|Stock Code|Item Code|Product Code|Part Number|Article Number".split(
      "|"
    ),
    ..."Artikelnummer|Artikelnr|Artikel-Nr.|Art.-Nr.|Art. Nr.|Bestellnummer Artikel|Produktnummer|Artikelcode".split(
      "|"
    ),
    ..."Varenummer|Numéro d'article|Code article|Código de producto|Codice articolo|Código do produto|Kod produktu".split(
      "|"
    )
  ],
  description: [
    ..."Item Description|Product Description|Line Description|Beschreibung|Artikelbeschreibung".split("|"),
    ..."Produktbeschreibung|Descripción|Descrizione|Descrição|Beskrivelse|Beskrivning|Kuvaus|Opis".split("|")
  ],
  hs_line_item_currency_code:
    "Currency Code|Price Currency|Unit Price Currency|Sales Price Currency|Währung|Waehrung|Devise|Moneda|Valuta|Divisa|Moeda|Waluta|Měna".split(
      "|"
    ),
  hs_discount_percentage:
    "Discount %|Discount Percent|Discount in %|Rabatt %|Rabatt in %|Remise %|Descuento %|Sconto %|Korting %|Desconto %|Rabat %|Disc %|Dto %|Line Discount %".split(
      "|"
    )
}

/** Headers that are this where no other column is, and where no column is of a person or a customer. */
export const weak: Readonly<Record<string, ReadonlyArray<string>>> = {
  name: "Title|Service|Leistung|Nom|Nome|Nombre|Concepto|Position".split("|"),
  quantity: "Units|Unidades|Liczba|Stunden|Hours".split("|"),
  price: "Rate|Selling Price|VK|VK-Preis|Verkaufspreis|Prix HT|PVP|Verkoopprijs".split("|"),
  hs_sku:
    "Item Number|Item No|Part No|Product Number|Product No|Article No|Materialnummer|Référence|Referencia|Código|Codice|Kod".split(
      "|"
    )
}

/** Headers of people and customers: a name beside them is theirs, and so is a code. */
export const people =
  "First Name|Last Name|Vorname|Nachname|Prénom|Apellido|Apellidos|Cognome|Imię|Email|E-Mail|Contact|Company|Customer|Customer Name|Client|Cliente|Kunde|Kundenname|Klient|Ragione sociale|Firma".split(
    "|"
  )

/** Headers that look like a property, and are none: why. */
export const others: Readonly<Record<string, string>> = {
  amount: lineTotal,
  total: lineTotal,
  linetotal: lineTotal,
  totalprice: lineTotal,
  sales: lineTotal,
  subtotal: lineTotal,
  extendedprice: lineTotal,
  netamount: lineTotal,
  betrag: lineTotal,
  gesamt: lineTotal,
  gesamtpreis: lineTotal,
  summe: lineTotal,
  total_ht: lineTotal,
  totalht: lineTotal,
  importe: lineTotal,
  importo: lineTotal,
  bedrag: lineTotal,
  belop: lineTotal,
  kwota: lineTotal,
  castka: lineTotal,
  productid: product,
  produktid: product,
  itemid: product
}
